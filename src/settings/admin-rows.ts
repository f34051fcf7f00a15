import type { TcpAddress } from "../net/listen-address.js";
import { hostNames, optionalAddress, optionalFile, type Setting } from "./kinds.js";

/** How the admin API is reached. */
export interface AdminSettings {
  /** Undefined: nowhere. */
  readonly adminListen: TcpAddress | undefined;
  /** A file that holds the token that callers must show; empty: they need none. */
  readonly adminTokenFile: string;
  /** More names by which it may be called, in lower case. */
  readonly adminHosts: readonly string[];
}

/** The rows of the table that are about the admin API. */
export const ADMIN_ROWS: { readonly [Key in keyof AdminSettings]: Setting<AdminSettings[Key]> } = {
  adminListen: {
    name: "admin-listen",
    default: "127.0.0.1:6070",
    description:
      "Where the admin API and the console are served; empty: nowhere. Other than on loopback they require a token.",
    ...optionalAddress,
  },
  adminTokenFile: {
    name: "admin-token-file",
    default: "",
    description: "A file with the bearer token that callers of the admin API must send; read again when it changes.",
    ...optionalFile,
  },
  adminHosts: {
    name: "admin-hosts",
    default: "",
    description:
      "Additional host names of the admin API, comma-separated; requests with another Host header are refused.",
    ...hostNames,
  },
};
