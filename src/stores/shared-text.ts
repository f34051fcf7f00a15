/** A text that all replicas of a store share, as it is now. */
export interface SharedTextState {
  /** Another one for every change; "0" while there is no text. */
  readonly version: string;
  /** Absent where the version is the one that the asker knows. */
  readonly text?: string;
  /** The store's clock, milliseconds since the epoch. */
  readonly nowMillis: number;
}

/** A text that all replicas of a store share, for what operators decide while Weir runs. */
export interface SharedText {
  /** Who shares it: all replicas with this store, or nobody but this process. */
  readonly reach: "replicas" | "process";

  /**
   * @param known the version that the asker has; "0" at first
   * @throws StoreFailure as a promise of one
   */
  read(known: string): Promise<SharedTextState>;

  /**
   * Replaces the text, unless somebody else has done that since `known`: then `replaced` is false and the state is theirs.
   * @param text empty: none from now on
   * @param endsAtMillis when nobody needs the text any more, by the store's clock
   * @throws StoreFailure as a promise of one; then it may have been replaced
   */
  replace(known: string, text: string, endsAtMillis: number): Promise<SharedTextState & { readonly replaced: boolean }>;
}
