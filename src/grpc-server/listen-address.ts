/** Where a server listens: a port of TCP (0: any that is free), or a unix socket. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | {
      readonly path: string;
      /** Permissions of the socket, as chmod has them. Absent: what the process' umask leaves. */
      readonly mode?: number;
    };
