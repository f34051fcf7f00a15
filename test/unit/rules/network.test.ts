import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, readAddress } from "../../../src/rules/address.js";
import { findNetworkFault, formatNetwork, type Network, readNetwork } from "../../../src/rules/network.js";
import { NetworkTable } from "../../../src/rules/network-table.js";
import { domainFrom, faultsIn, labelMet } from "./compiled.js";

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
  ["fe80::1%eth0", "fe80::1"],
  ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["::FFFF:a00:1", "10.0.0.1"],
])("the address %s is %s", (written, short) => {
  expect(formatAddress(readAddress(written) as number[])).toBe(short);
});

test.each([
  "",
  "10.0.0",
  "10.0.0.1.2",
  "10.0.0.256",
  "010.0.0.1",
  "10.0.0.1:80",
  "[::1]",
  "::1::",
  "1:2:3",
  "a.b.c.d",
  " ::1",
  "x".repeat(1e6),
])("%s is no address", (text) => {
  expect(readAddress(text)).toBeUndefined();
});

test.each([
  ["10.0.0.1/8", "host-bits", "cidr has an address inside the network; write the network: 10.0.0.0/8"],
  ["10.255.255.255/9", "host-bits", "cidr has an address inside the network; write the network: 10.128.0.0/9"],
  ["2001:db8::1/32", "host-bits", "cidr has an address inside the network; write the network: 2001:db8::/32"],
  ["1.2.3.4/0", "host-bits", "cidr has an address inside the network; write the network: 0.0.0.0/0"],
  ["::ffff:10.0.0.0/104", "invalid-network", 'cidr must be written as IPv4: 10.0.0.0/8, not "::ffff:10.0.0.0/104"'],
])("%s is told what network was meant", (written, code, message) => {
  expect(findNetworkFault(written)).toEqual({ code, message });
});

const FORM = "cidr must be a network such as 10.0.0.0/8 or 2001:db8::/32, not";

test.each([
  ["10.0.0.1", `${FORM} "10.0.0.1"; for one address write 10.0.0.1/32`],
  ["2001:DB8::1", `${FORM} "2001:DB8::1"; for one address write 2001:db8::1/128`],
  ["10.0.0.0/33", `${FORM} "10.0.0.0/33"`],
  ["::/129", `${FORM} "::/129"`],
  ["10.0.0.0/08", `${FORM} "10.0.0.0/08"`],
  ["10.0.0.0/-1", `${FORM} "10.0.0.0/-1"`],
  ["10.0.0.0/255.0.0.0", `${FORM} "10.0.0.0/255.0.0.0"`],
  ["10/8", `${FORM} "10/8"`],
  ["fe80::%eth0/64", `${FORM} "fe80::%eth0/64"`],
  ["office", `${FORM} "office"`],
])("%s is told that it is no network", (written, message) => {
  expect(findNetworkFault(written)).toEqual({ code: "invalid-network", message });
});

test("a fault of a cidr points at it", () => {
  expect(faultsIn("domain: d\ndescriptors:\n  - {key: ip, cidr: 10.0.0.1/8}\n")).toEqual([
    "r.yaml:3:21: cidr has an address inside the network; write the network: 10.0.0.0/8",
  ]);
  expect(faultsIn("domain: d\ndescriptors:\n  - {key: ip, cidr: ''}\n")).toEqual([
    "r.yaml:3:21: cidr must not be empty",
  ]);
});

function rulesOf(...networks: string[]) {
  return domainFrom("d", `domain: d\ndescriptors:\n${networks.map((n) => `  - {key: ip, cidr: '${n}'}\n`).join("")}`);
}

test("the longest network is met, whatever the order of the file", () => {
  const rules = rulesOf("10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "10.1.0.0/16", "2001:db8::/32", "::/0");
  expect(labelMet(rules, "ip=10.1.2.3")).toBe("ip~cidr:10.1.2.3/32");
  expect(labelMet(rules, "ip=10.1.2.4")).toBe("ip~cidr:10.1.0.0/16");
  expect(labelMet(rules, "ip=10.2.0.0")).toBe("ip~cidr:10.0.0.0/8");
  expect(labelMet(rules, "ip=11.0.0.0")).toBe("ip~cidr:0.0.0.0/0");
  expect(labelMet(rules, "ip=2001:db8:ffff::1")).toBe("ip~cidr:2001:db8::/32");
  expect(labelMet(rules, "ip=2001:db9::1")).toBe("ip~cidr:::/0");
  expect(labelMet(rules, "ip=office")).toBeUndefined();
  expect(labelMet(rules, "ip=")).toBeUndefined();
});

test("an IPv4-mapped IPv6 address is in IPv4 networks and in no IPv6 one", () => {
  expect(labelMet(rulesOf("10.0.0.0/8", "::/0"), "ip=::ffff:10.1.2.3")).toBe("ip~cidr:10.0.0.0/8");
  expect(labelMet(rulesOf("::/0"), "ip=::ffff:10.1.2.3")).toBeUndefined();
  expect(labelMet(rulesOf("0.0.0.0/0"), "ip=::1")).toBeUndefined();
});

test("one network written in two ways is one rule twice", () => {
  const text =
    "domain: d\ndescriptors:\n  - {key: ip, cidr: '2001:db8::/32'}\n  - {key: ip, cidr: '2001:DB8:0::/32'}\n";
  expect(faultsIn(text)).toEqual([
    'r.yaml:4:5: a descriptor with key "ip" and cidr "2001:db8::/32" is here already: r.yaml:3:5',
  ]);
});

const group = fc.oneof(fc.constantFrom(0, 1, 0x8000, 0xffff, 0x0a00), fc.nat(0xffff));

function arbitraryNetwork(groups: 2 | 8): fc.Arbitrary<Network> {
  return fc
    .tuple(fc.array(group, { minLength: groups, maxLength: groups }), fc.nat(groups * 16))
    .map(([address, prefixLength]) => {
      const written = `${formatAddress(address)}/${prefixLength}`;
      const meant = /write the network: (.*)$/.exec(findNetworkFault(written)?.message ?? "")?.[1];
      return readNetwork(meant ?? written);
    })
    .filter((network) => network !== undefined);
}

const arbitraryAnyNetwork = fc.oneof(arbitraryNetwork(2), arbitraryNetwork(8));

test("a network that is written in its short form is read as itself", () => {
  fc.assert(
    fc.property(arbitraryAnyNetwork, (network) => {
      expect(readNetwork(formatNetwork(network))).toEqual(network);
    }),
  );
});

/** The longest of the networks that Node's own block list finds the address in. */
function searchAll(networks: readonly Network[], address: string): string | undefined {
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const found = networks.filter(({ groups, prefixLength }) => {
    if ((groups.length === 2) !== (family === "ipv4")) return false;
    const list = new BlockList();
    list.addSubnet(formatAddress(groups), prefixLength, family);
    return list.check(address, family);
  });
  const longest = found.sort((a, b) => b.prefixLength - a.prefixLength)[0];
  return longest && formatNetwork(longest);
}

test("the network that is found is the longest of those that Node's block list finds", () => {
  const table = fc.array(arbitraryAnyNetwork, { maxLength: 12 });
  const flip = fc.tuple(fc.nat(11), fc.nat(127));
  fc.assert(
    fc.property(table, fc.array(flip, { maxLength: 8 }), (networks, flips) => {
      const found = new NetworkTable<string>();
      for (const network of networks) found.set(network, formatNetwork(network));
      for (const [index, bit] of flips) {
        const near = networks[index];
        if (near === undefined) continue;
        // The network's own first address, with one bit turned.
        const groups = near.groups.map((each, i) => (bit >> 4 === i ? each ^ (0x8000 >> (bit & 15)) : each));
        const address = formatAddress(groups);
        expect(found.find(address)).toBe(searchAll(networks, address));
      }
    }),
    { numRuns: 300 },
  );
});

test("10,000 networks of one size cost no more than one", () => {
  const lookups = [1, 10_000].map((size) => {
    const table = new NetworkTable<number>();
    for (let i = 0; i < size; i += 1) {
      table.set(readNetwork(`10.${i >> 8}.${i & 0xff}.0/24`) as Network, i);
    }
    const get = Map.prototype.get;
    let count = 0;
    Map.prototype.get = function counted(key) {
      count += 1;
      return get.call(this, key);
    };
    try {
      expect(table.find(`10.${(size - 1) >> 8}.${(size - 1) & 0xff}.7`)).toBe(size - 1);
    } finally {
      Map.prototype.get = get;
    }
    return count;
  });
  expect(lookups).toEqual([1, 1]);
});
