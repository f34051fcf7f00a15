import { type Client, credentials, makeGenericClientConstructor, type ServiceDefinition } from "@grpc/grpc-js";

const encode = (text: string): Buffer => {
  if (text === "cannot be encoded") throw new Error("no bytes for this");
  return Buffer.from(text);
};
const decode = (bytes: Buffer): string => {
  const text = bytes.toString();
  if (text === "cannot be decoded") throw new Error("no text in this");
  return text;
};

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Text/${name}`,
  requestStream,
  responseStream,
  originalName: name[0]!.toLowerCase() + name.slice(1),
  requestSerialize: (text: string): Buffer => Buffer.from(text),
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
});

/** A service whose messages are texts. */
export const TEXT_SERVICE = {
  Unary: method("Unary", false, false),
  Missing: method("Missing", false, false),
  Collect: method("Collect", true, false),
  Spread: method("Spread", false, true),
  Talk: method("Talk", true, true),
} satisfies ServiceDefinition;

export const TextClient = makeGenericClientConstructor(TEXT_SERVICE, "Text");

export function textClient(port: number, options: object = {}): Client {
  return new TextClient(`127.0.0.1:${port}`, credentials.createInsecure(), options);
}
