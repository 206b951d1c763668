/** Counts things of a closed list of kinds. A plain number per kind: counting costs an addition, reading happens at a scrape. */
export class KindTally<Kind extends string> {
  private readonly counts: Record<Kind, number>;

  constructor(readonly kinds: readonly Kind[]) {
    this.counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  }

  add(kind: Kind): void {
    this.counts[kind] += 1;
  }

  count(kind: Kind): number {
    return this.counts[kind];
  }
}
