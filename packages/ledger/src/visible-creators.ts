/** A list's bound beside its filters: of these creators alone, where it is given. */
export interface VisibleCreators {
  creatorIds?: readonly string[] | undefined;
}
