/** What the judge finds where a fleet falls silent at once, and it is not one alarm. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { onDuty } from '../../support/scenario.ts'
import { Findings } from './findings.ts'
import { MassSilences } from './mass-silences.ts'
import { PolicyAccount } from './policy-account.ts'
import type { RuleName } from './rules.ts'

const S = 1_000
const UNITS = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6']
const trip = (unit: string) => `T-${unit}`
const of = { v: 1, entity: 'region/sim', regionId: 'sim', alarm: 'mass-app-lost' } as const

/** What the judge says of six crews on duty, by the policy that is usual: five of them are a mass. */
class Bench {
  readonly #found: string[] = []
  readonly #masses: MassSilences
  #position = 0

  constructor() {
    const findings = new Findings((rule, text) => void this.#found.push(`${rule}: ${text}`))
    this.#masses = new MassSilences(
      findings,
      new PolicyAccount(new Map([[1, { ...DEFAULT_POLICY, version: 1 }]]), findings),
    )
    for (const unit of UNITS) this.take(...onDuty(unit))
  }

  /** Each a record, long after crews had the time to come back. */
  take(...events: readonly DomainEvent[]): this {
    for (const event of events) {
      this.#position += 1
      const atMs = START_MS + 600 * S + this.#position
      const moment = { position: this.#position, recordedAtMs: atMs, committedAtMs: atMs, areSpansTrue: true }
      this.#masses.take(event, moment, { sinceMs: START_MS, epoch: this.epoch })
    }
    return this
  }
  epoch = 1

  finds(rule: RuleName, text: RegExp): void {
    assert.ok(
      this.#found.some(found => found.startsWith(`${rule}: `) && text.test(found)),
      this.#found.join('\n'),
    )
  }
  findsNothing(): void {
    assert.deepEqual(this.#found, [])
  }
}
const later = (...events: readonly DomainEvent[]) => new Bench().take(...events)
/** The app of a unit was heard of last so long after the start. */
const lost = (unit: string, atS: number): DomainEvent => ({
  ...{
    type: 'TripAlarmRaised',
    v: 1,
    entity: `trip/${trip(unit)}`,
    tripId: trip(unit),
    alarm: 'app-lost',
    unitId: unit,
  },
  ...{ severity: 1, lastHeardAtMs: START_MS + atS * S },
})
const mass = (change: object = {}): DomainEvent => ({
  ...{ type: 'RegionAlarmRaised', ...of, severity: 1, silentUnits: 5, ofUnits: 6 },
  ...{ silentFromMs: START_MS + 100 * S, silentToMs: START_MS + 160 * S },
  ...change,
})
const over = (silentUnits: number): DomainEvent => ({ type: 'RegionAlarmCleared', ...of, silentUnits, ofUnits: 6 })
describe('a fleet that falls silent at once', () => {
  test('and is one alarm, while one that was silent before has its own, is right', () => {
    later(lost('A1', 20), mass(), over(2), lost('A2', 100), lost('A3', 110)).findsNothing()
  })

  test('and is as many alarms as it has trips is found', () => {
    const events = ['A1', 'A2', 'A3', 'A4'].map((unit, i) => lost(unit, 100 + i))
    later(...events).findsNothing()
    later(...events, lost('A5', 150)).finds('mass-told-once', /one of 5 units that fell silent at once, of 6/)
    later(...events, lost('A5', 170)).findsNothing()
    const cleared = { ...{ v: 1, entity: `trip/${trip('A1')}`, tripId: trip('A1') }, alarm: 'app-lost', unitId: 'A1' }
    const back = { type: 'TripAlarmCleared', ...cleared } as DomainEvent
    later(...events, back, lost('A5', 150)).findsNothing()
  })

  test('and has an alarm of a unit beside its own is found', () => {
    later(mass(), lost('A1', 130)).finds('mass-told-once', /is of a unit of mass-app-lost, which stands/)
    later(mass(), lost('A1', 160)).findsNothing()
  })

  test('and is no mass, or of others than are on duty, is found', () => {
    later(mass({ silentUnits: 4 })).finds('mass-told-once', /of 4 units of 6, which is no mass/)
    later(mass(), mass({ silentUnits: 3 })).findsNothing()
    later(mass({ ofUnits: 7 })).finds('mass-told-once', /of 7, and 6 are on duty/)
    later(mass({ severity: 2 })).finds('mass-told-once', /has severity 2/)
  })

  test('and ends while half of it is silent, or without having been, is found', () => {
    later(mass(), over(3)).finds('mass-told-once', /ends at \d+ with 3 of 6 silent/)
    later(over(2)).finds('mass-told-once', /did not stand/)
  })

  test('and of which an alarm does not say when its unit was heard of last is found', () => {
    const { lastHeardAtMs: _, ...event } = lost('A1', 100) as DomainEvent & { readonly lastHeardAtMs: number }
    later(event).finds('mass-told-once', /does not say when its unit was heard of last/)
  })

  test('and of which nobody knows after a start since when its apps are gone is judged anew', () => {
    const bench = later(mass())
    bench.epoch = 2
    bench.take(lost('A1', 130)).findsNothing()
    bench
      .take(mass({ silentUnits: 3 }), lost('A2', 130))
      .finds('mass-told-once', /is of a unit of mass-app-lost, which stands/)
  })
})
