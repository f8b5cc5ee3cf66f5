/** What an import of roads read, kept, changed and left out, each reason with how often and where first. */

type Part = 'node' | 'arc' | 'way' | 'row'

interface Noted {
  readonly part: Part
  readonly why: string
  count: number
  /** Where in the source a person finds the first. */
  readonly first: string
}

export class ImportReport {
  nodesRead = 0
  arcsRead = 0
  nodesKept = 0
  arcsKept = 0
  readonly #leftOut = new Map<string, Noted>()
  readonly #changed = new Map<string, Noted>()

  leaveOut(part: Part, why: string, source: string): void {
    note(this.#leftOut, part, why, source)
  }

  changeIn(part: Part, why: string, source: string): void {
    note(this.#changed, part, why, source)
  }

  /** The most frequent first. */
  get leftOut(): readonly Noted[] {
    return sorted(this.#leftOut)
  }

  get changed(): readonly Noted[] {
    return sorted(this.#changed)
  }
}

function note(all: Map<string, Noted>, part: Part, why: string, first: string): void {
  const known = all.get(`${part} ${why}`)
  if (known !== undefined) known.count += 1
  else all.set(`${part} ${why}`, { part, why, count: 1, first })
}

const sorted = (all: ReadonlyMap<string, Noted>): Noted[] =>
  [...all.values()].sort((a, b) => b.count - a.count || (a.why < b.why ? -1 : 1))
