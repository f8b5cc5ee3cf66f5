/** What was found: which rules were looked at, and each place in the log where one was broken. */

export interface Violation {
  /** As PROTOCOL.md has it, without brackets. */
  readonly rule: string
  readonly by: 'client' | 'server'
  readonly line: number
  readonly text: string
}

export class Verdicts {
  readonly violations: Violation[] = []
  readonly #exercised = new Set<string>()

  client(rule: string, line: number, text: string): void {
    this.#broke({ rule, by: 'client', line, text })
  }
  server(rule: string, line: number, text: string): void {
    this.#broke({ rule, by: 'server', line, text })
  }
  /** The rule came up, and was kept this time. */
  kept(rule: string): void {
    this.#exercised.add(rule)
  }

  /** Rules that came up, in the order of their names. */
  get exercised(): readonly string[] {
    return [...this.#exercised].sort()
  }

  #broke(violation: Violation): void {
    this.#exercised.add(violation.rule)
    this.violations.push(violation)
  }
}
