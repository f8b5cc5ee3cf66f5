/** Counts what breaks each rule and passes on the first of it: one mistake of the engine can break a rule at every step. */
import type { RuleName } from './rules.ts'
import type { Report } from './verdict.ts'

/** Reports of one rule in a run. */
const TOLD_MAX = 20

export class Findings {
  readonly #report: Report
  readonly #counts = new Map<RuleName, number>()

  constructor(report: Report) {
    this.#report = report
  }

  find(rule: RuleName, text: string): void {
    const count = (this.#counts.get(rule) ?? 0) + 1
    this.#counts.set(rule, count)
    if (count <= TOLD_MAX) this.#report(rule, text)
  }

  /** Says of how many findings nothing more than their number was told. */
  tellRest(): void {
    for (const [rule, count] of this.#counts) {
      if (count > TOLD_MAX) this.#report(rule, `and ${count - TOLD_MAX} more of this rule, ${count} in all`)
    }
  }
}
