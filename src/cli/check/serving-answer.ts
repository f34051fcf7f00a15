/** What a server said about itself. */
export interface ServingAnswer {
  readonly isServing: boolean;
  /** What keeps traffic away, where it says that; may be empty. */
  readonly reasons: string;
}
