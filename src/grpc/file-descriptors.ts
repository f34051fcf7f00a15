import { loadSync, type MessageTypeDefinition, type PackageDefinition } from "@grpc/proto-loader";

/**
 * The parts of google.protobuf.FileDescriptorProto that are looked at; what else there is stays as it is. Its names are
 * in camelCase, since the well-known files come with protobufjs already parsed.
 */
interface FileDescriptor {
  readonly name: string;
  readonly package?: string;
  dependency?: string[];
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly NamedDescriptor[];
}

interface NamedDescriptor {
  name: string;
}

interface MessageDescriptor extends NamedDescriptor {
  readonly field?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly NamedDescriptor[];
  readonly options?: { readonly mapEntry?: boolean };
}

interface FieldDescriptor {
  readonly name: string;
  /** Absolute when it starts with a dot. */
  typeName?: string;
}

/**
 * The files of a package definition as reflection has to send them. The ones that proto-loader gives do not stand up
 * to Go's checks (grpcurl): types go by relative names, imports are missing, and the entries of maps are misnamed.
 * Its files are one for each package and not one for each .proto file.
 */
export function fileDescriptors(packageDefinition: PackageDefinition): Buffer[] {
  const codec = loadSync("google/protobuf/descriptor.proto")[
    "google.protobuf.FileDescriptorProto"
  ] as MessageTypeDefinition<FileDescriptor, FileDescriptor>;
  const files = new Map<string, FileDescriptor>();
  for (const definition of Object.values(packageDefinition)) {
    // Each message has all the files, so the first sight of a name is enough.
    if (!("fileDescriptorProtos" in definition)) continue;
    for (const bytes of (definition as MessageTypeDefinition<object, object>).fileDescriptorProtos) {
      const file = codec.deserialize(bytes);
      if (!files.has(file.name)) files.set(file.name, file);
    }
  }
  repair([...files.values()]);
  return [...files.values()].map((file) => codec.serialize(file));
}

/** Names map entries as protoc does, makes all type names absolute, and lists the files that they come from. */
function repair(files: readonly FileDescriptor[]): void {
  const homes = new Map<string, string>();
  for (const file of files) {
    for (const message of file.messageType ?? []) renameMapEntries(message);
    for (const name of typeNames(file, scopeOf(file))) homes.set(name, file.name);
  }
  for (const file of files) {
    const imports = new Set<string>();
    for (const message of file.messageType ?? []) {
      for (const name of qualifyTypes(message, `${scopeOf(file)}.${message.name}`, homes)) {
        imports.add(homes.get(name) ?? file.name);
      }
    }
    imports.delete(file.name);
    file.dependency = [...imports];
  }
}

/** The package as the start of absolute names: `.envoy.type.v3`. */
function scopeOf(file: FileDescriptor): string {
  return file.package ? `.${file.package}` : "";
}

/** The absolute names of all messages and enums. */
function typeNames(
  { messageType: messages = [], enumType: enums = [] }: Pick<FileDescriptor, "messageType" | "enumType">,
  scope: string,
): string[] {
  const nested = messages.flatMap((message) => {
    const { nestedType = [], enumType = [] } = message;
    return typeNames({ messageType: nestedType, enumType }, `${scope}.${message.name}`);
  });
  return [...messages, ...enums].map(({ name }) => `${scope}.${name}`).concat(nested);
}

/** The entry type of a map `some_field` has to be called SomeFieldEntry. */
function renameMapEntries(message: MessageDescriptor): void {
  for (const nested of message.nestedType ?? []) {
    renameMapEntries(nested);
    const field = (message.field ?? []).find(({ typeName }) => typeName === nested.name);
    if (nested.options?.mapEntry !== true || field === undefined) continue;
    const words = field.name.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
    nested.name = `${words.join("")}Entry`;
    field.typeName = nested.name;
  }
}

/** Makes the type names of a message's fields absolute, and returns them. */
function qualifyTypes(message: MessageDescriptor, scope: string, homes: ReadonlyMap<string, string>): string[] {
  const names = (message.field ?? []).flatMap((field) => {
    if (!field.typeName) return [];
    field.typeName = resolve(field.typeName, scope, homes);
    return [field.typeName];
  });
  const nested = (message.nestedType ?? []).flatMap((inner) => qualifyTypes(inner, `${scope}.${inner.name}`, homes));
  return [...names, ...nested];
}

/** Looks a name up as protobuf does: in the innermost scope first, then further and further out. */
function resolve(name: string, scope: string, homes: ReadonlyMap<string, string>): string {
  if (name.startsWith(".")) return name;
  for (let outer = scope; ; outer = outer.slice(0, outer.lastIndexOf("."))) {
    const candidate = `${outer}.${name}`;
    if (homes.has(candidate)) return candidate;
    if (outer === "") throw new Error(`no file has the type ${name} of ${scope}`);
  }
}
