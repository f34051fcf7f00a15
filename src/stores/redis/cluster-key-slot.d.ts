// The package has no types of its own.
declare module "cluster-key-slot" {
  /** The slot of a key in a Redis Cluster, 0 to 16383: that of the text in its first braces, if there are any. */
  function slotOf(key: string): number;
  export = slotOf;
}
