/** How long a commit of the journal takes on databases in turn, so that whatever else the machine does meets all of them alike. */
import { driverKey } from '../src/domain/entity.ts'
import { BY_DESK } from '../src/domain/events/event.ts'
import type { Ownership, RecordWrite } from '../src/store/log/journal.ts'
import { PostgresJournal } from '../src/store/log/postgres-journal.ts'
import { unitIdOf } from './fleet.ts'
import { REGION } from './region.ts'

/** As many commands as come together under load. */
const RECORDS_PER_COMMIT = 16
/** What a connection and a table's first pages take is not measured. */
const WARM_UP = 50

class Committer {
  readonly #journal: PostgresJournal
  readonly #ownership: Ownership
  #position: number
  readonly tookMs: number[] = []

  static async open(databaseUrl: string): Promise<Committer> {
    const journal = new PostgresJournal(databaseUrl)
    const { ownership, logEnd } = await journal.acquire(REGION)
    return new Committer(journal, ownership, logEnd)
  }

  private constructor(journal: PostgresJournal, ownership: Ownership, logEnd: number) {
    this.#journal = journal
    this.#ownership = ownership
    this.#position = logEnd
  }

  async commit(): Promise<void> {
    const batch = Array.from({ length: RECORDS_PER_COMMIT }, () => this.#next())
    const startedMs = performance.now()
    await this.#journal.appendRecords(this.#ownership, batch)
    this.tookMs.push(performance.now() - startedMs)
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  #next(): RecordWrite {
    const position = ++this.#position
    const unitId = unitIdOf(position % 1_000)
    const recordedAtMs = Date.now()
    const principal = 'desk-1'
    const commandId = `commit-${position}`
    const base = { v: 1, entity: driverKey(unitId), unitId, happenedAtMs: recordedAtMs, ...BY_DESK } as const
    const events = [{ type: 'UnitBecameUnavailable', ...base, reason: 'refuel' }] as const
    const { epoch } = this.#ownership
    const bodyHash = position.toString(16).padStart(64, '0')
    return {
      record: { position, recordedAtMs, epoch, principal, commandId, trace: null, events },
      command: { principal, commandId, bodyHash, position, recordedAtMs, result: { unitId, status: 'unavailable' } },
      closes: [],
      opens: [],
      callDetails: null,
      incident: null,
    }
  }
}

/** Output: of each database, the times of its commits, the shortest first. */
export async function commitTimes(databaseUrls: readonly string[], commits: number): Promise<readonly number[][]> {
  const committers = await Promise.all(databaseUrls.map(url => Committer.open(url)))
  try {
    for (let done = 0; done < WARM_UP + commits; done++) {
      // Each is first as often as last.
      const inTurn = done % 2 === 0 ? committers : [...committers].reverse()
      for (const committer of inTurn) await committer.commit()
    }
  } finally {
    for (const committer of committers) await committer.close()
  }
  return committers.map(({ tookMs }) => tookMs.slice(WARM_UP).sort((a, b) => a - b))
}
