// The little of HPACK (RFC 7541) that the load needs: it writes the same six fields with every request and looks for
// one in the answer. It asks the server for a table of size 0, so that every answer can be read by itself.

/** Codes of Huffman's table (appendix B) for the characters of `grpc-status` and its values, as bits. */
const HUFFMAN = new Map(
  Object.entries({
    ...{ 0: "00000", 1: "00001", 2: "00010", 3: "011001", 4: "011010", 5: "011011", 6: "011100", 7: "011101" },
    ...{ 8: "011110", 9: "011111", a: "00011", c: "00100", g: "100110", p: "101011", r: "101100", s: "01000" },
    ...{ t: "01001", u: "101101", "-": "010110" },
  }),
);

/** @param {string} text of the characters above */
function huffman(text) {
  const bits = [...text].map((character) => HUFFMAN.get(character)).join("");
  // The last byte is filled up with ones.
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Buffer.from((whole.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

const STATUS_NAMES = [Buffer.from("grpc-status"), huffman("grpc-status")];
const STATUS_VALUES = Array.from({ length: 17 }, (_, status) => [Buffer.from(`${status}`), huffman(`${status}`)]);

/** @param {string} text shorter than 127 */
function plainString(text) {
  return Buffer.from([text.length, ...Buffer.from(text)]);
}

/**
 * The header block of a call. `first` enters its fields into the server's table and `later` names them there; a
 * server that keeps no table gets `always`.
 * @param {string} authority
 * @param {string} path
 */
export function requestHeaders(authority, path) {
  /** @param {number} indexing 0x40 to enter the fields into the table, 0 not to */
  const literal = (indexing) => {
    // With indexing a name's index has 6 bits, without it 4: 31 (content-type) then takes a second byte.
    const contentType = indexing === 0 ? [0x0f, 31 - 15] : [indexing | 31];
    const parts = [
      Buffer.from([0x83, 0x86, indexing | 4]), // :method POST, :scheme http, :path
      plainString(path),
      Buffer.from([indexing | 1]), // :authority
      plainString(authority),
      Buffer.from([indexing]),
      plainString("te"),
      plainString("trailers"),
      Buffer.from(contentType),
      plainString("application/grpc"),
    ];
    return Buffer.concat(parts);
  };
  // The newest entry is number 62: content-type; before it te, :authority and :path.
  return { first: literal(0x40), later: Buffer.from([0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]), always: literal(0) };
}

/** Reads the fields of one header block, one after the other. */
class FieldReader {
  /**
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end
   */
  constructor(bytes, start, end) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** @param {number} prefixBits (RFC 7541 section 5.1) */
  integer(prefixBits) {
    const limit = 2 ** prefixBits - 1;
    let value = this.bytes.readUInt8(this.at++) & limit;
    if (value < limit) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  /**
   * Passes over a string and says which of two ways of writing it was met.
   * @param {readonly Buffer[]} ways plain and Huffman
   */
  isString(ways) {
    const way = ways[this.bytes.readUInt8(this.at) >> 7];
    const start = this.skipString();
    return way !== undefined && this.bytes.compare(way, 0, way.length, start, this.at) === 0;
  }

  /** Passes over a string; the offset at which it began. */
  skipString() {
    const length = this.integer(7);
    const start = this.at;
    this.at += length;
    return start;
  }
}

/**
 * The value of `grpc-status` in a header block, or -1 when it is not there.
 * @param {Buffer} bytes
 * @param {number} start
 * @param {number} end
 */
export function grpcStatus(bytes, start, end) {
  const fields = new FieldReader(bytes, start, end);
  while (fields.at < end) {
    const first = bytes.readUInt8(fields.at);
    if (first >= 128)
      fields.integer(7); // a field of the static table
    else if (first >= 32 && first < 64)
      fields.integer(5); // a new size of the table
    else {
      const nameIndex = fields.integer(first >= 64 ? 6 : 4);
      if (nameIndex === 0 && fields.isString(STATUS_NAMES)) {
        const valueAt = fields.at;
        return STATUS_VALUES.findIndex((ways) => {
          fields.at = valueAt;
          return fields.isString(ways);
        });
      }
      fields.skipString();
    }
  }
  return -1;
}
