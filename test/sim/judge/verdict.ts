/** What a judge finds: a rule that did not hold, when, and about whom. */
export interface Violation {
  /** Which rule, as `docs/simulation.md` lists them. */
  readonly rule: string
  /** Milliseconds since the world began. */
  readonly atMs: number
  readonly text: string
}

export type Report = (rule: string, text: string) => void
