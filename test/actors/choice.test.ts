/** Who may go: the search over the finder and the counts of the census say what a look at every unit would. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Lookout } from '../../src/actors/region/lookout.ts'
import { RegionPolicy } from '../../src/actors/region/region-policy.ts'
import { RegionRoads } from '../../src/actors/region/region-roads.ts'
import { Census } from '../../src/domain/dispatch/census.ts'
import { type PassedOver, type Presence, verdictOn } from '../../src/domain/dispatch/eligibility.ts'
import type { EstimateReason, Roads } from '../../src/domain/dispatch/travel-times.ts'
import type { Need } from '../../src/domain/events/call-events.ts'
import type { PlacedFix } from '../../src/domain/fix.ts'
import { distanceM } from '../../src/domain/geo.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { DriverState } from '../../src/domain/unit/driver.ts'
import { LEVELS_OF_CARE, type LevelOfCare, PRIORITIES, type Priority } from '../../src/domain/vocabulary.ts'
import { CandidateView } from '../../src/finder/candidate-view.ts'
import { Finder } from '../../src/finder/finder.ts'
import { given, START_MS } from '../support/given-when-then.ts'
import { called, onDuty, PLACE, policyOf } from '../support/scenario.ts'

const { world } = given(onDuty('A1'), called(['T-1']))
const A1 = world.driver('A1')
const T1 = world.trip('T-1')
const GRACE_MS = 30_000
const at = (northM: number) => ({ ...PLACE, latDeg: PLACE.latDeg + northM / 111_195 })

/** A unit of a scene: what it can do, how far it is, and what keeps it. */
interface Extra {
  readonly levelOfCare: LevelOfCare
  readonly transports: boolean
  readonly capabilities: readonly string[]
  readonly northM: number
  readonly status: 'available' | 'available and away' | 'assigned'
  /** What roads say of it. */
  readonly drive: number | EstimateReason
}

/** Units as a desk sees them, and a look at each of them. */
class Scene {
  readonly units = new Map<string, { readonly state: DriverState; readonly presence: Presence }>()
  readonly policy: RegionPolicy
  readonly lookout: Lookout

  readonly #drives: Map<PlacedFix, number | EstimateReason> | null

  /** Input: `isByRoad`, whether the region has roads. */
  constructor(extras: readonly Extra[], policy: Partial<Policy>, isByRoad = false) {
    this.#drives = isByRoad ? new Map() : null
    this.policy = new RegionPolicy(policyOf('ordered', policy), { graceMs: () => GRACE_MS })
    const finder = new Finder()
    const census = new Census()
    for (const [index, { northM, status, drive, ...can }] of extras.entries()) {
      const unitId = `U${String(index).padStart(3, '0')}`
      const is = status === 'assigned' ? 'assigned' : 'available'
      const state: DriverState = { ...A1, ...can, unitId, status: is }
      const fix = { ...at(northM), seq: 1, streamId: 's', fixedAtMs: START_MS }
      const isAway = status === 'available and away'
      const presence: Presence = {
        disconnectedSinceMs: isAway ? START_MS - GRACE_MS : null,
        fix: { ...fix, accuracyM: null, speedMps: null, headingDeg: null },
      }
      this.units.set(unitId, { state, presence })
      this.#drives?.set(presence.fix!, drive)
      census.count(state, 1, isAway ? 'disconnected' : null)
      finder.place(unitId, state.levelOfCare, is === 'available' ? 'available' : 'engaged', fix.lonDeg, fix.latDeg)
    }
    const roads = new RegionRoads({ policy: this.policy, timeZone: () => 'UTC', zones: () => [] })
    if (this.#drives !== null) roads.take(roadsOf(this.#drives))
    const ports = { policy: this.policy, roads, presence: (id: string) => this.units.get(id)!.presence }
    this.lookout = new Lookout(
      { ...ports, onSearch: () => {}, monotonicMs: () => 0 },
      {
        census,
        candidates: new CandidateView(finder),
        driver: id => this.units.get(id)?.state,
        awayOf: id => (this.#isAway(id) ? ('disconnected' satisfies PassedOver) : null),
        nowMs: START_MS,
      },
    )
  }

  #isAway = (id: string) => this.units.get(id)!.presence.disconnectedSinceMs !== null

  /** In metres, or in milliseconds where the region has roads; estimates by the straight line. */
  #farOf(fix: PlacedFix): number {
    const metres = distanceM(PLACE, fix)
    const drive = this.#drives?.get(fix)
    if (drive === undefined) return metres
    if (typeof drive === 'number') return drive
    const estimateMs = Math.round((metres / this.policy.standing.straightLineSpeedMps) * 1_000)
    if (drive === 'cut-off') return 86_400_000 + estimateMs
    return drive === 'off-road' ? estimateMs : Math.max(estimateMs, REACHED_MS)
  }

  #span(ms: number): number {
    return this.#drives === null ? (ms / 1_000) * this.policy.standing.straightLineSpeedMps : ms
  }

  /** What each unit by itself is, and then who of them is held in reserve, by the words of the rule. */
  byLooking(need: Need, priority: Priority, asked: readonly string[]) {
    const { standing } = this.policy
    const all = [...this.units].map(([unitId, { state, presence }]) => {
      const round = { number: 1, asked }
      const { reason } = verdictOn(state, presence, need, round, standing, GRACE_MS, START_MS)
      return { unitId, state, reason, farM: this.#farOf(presence.fix!) }
    })
    const able = all.filter(({ reason }) => reason === null)
    const height = (level: LevelOfCare) => LEVELS_OF_CARE.indexOf(level)
    const free = (level: LevelOfCare) =>
      all.filter(
        ({ unitId, state }) => state.levelOfCare === level && state.status === 'available' && !this.#isAway(unitId),
      ).length
    const savedM = this.#span(standing.higherLevelSavesMs[priority])
    const isGuarded = (level: LevelOfCare) => {
      if (level === 'first-responder' || height(level) <= height(need.levelOfCare) || savedM === 0) return false
      return free(level) - 1 < standing.levelReserve[level]
    }
    const going: typeof able = able.filter(({ state }) => !isGuarded(state.levelOfCare))
    for (const level of LEVELS_OF_CARE.filter(isGuarded)) {
      const nearestM = Math.min(...going.map(({ farM }) => farM))
      going.push(...able.filter(({ state, farM }) => state.levelOfCare === level && farM < nearestM - savedM))
    }
    going.sort((a, b) => a.farM - b.farM || (a.unitId < b.unitId ? -1 : 1))
    const withinM = (going[0]?.farM ?? 0) + this.#span(standing.preferredWithinMs)
    const wished = ({ state }: (typeof going)[0]) =>
      (need.preferred ?? []).filter(each => state.capabilities.includes(each)).length
    const near = going.filter(({ farM }) => farM <= withinM)
    const best = near.find(each => near.every(other => wished(other) <= wished(each)))
    if (best !== undefined) going.splice(0, going.length, best, ...going.filter(each => each !== best))
    const held = able.filter(each => !going.includes(each)).map(({ unitId }) => unitId)
    return { all, going: going.map(({ unitId }) => unitId), held }
  }
}

/** How far the search of such roads comes. */
const REACHED_MS = 90_000

/** Roads on which nothing but these times is known: nobody is ruled out by the straight line. */
const roadsOf = (drives: ReadonlyMap<PlacedFix, number | EstimateReason>): Roads => ({
  version: 4,
  stop: () => {},
  there: () => ({ arcs: 0, room: 0 }),
  restrict: () => 0,
  look: () => ({
    delayOf: () => ({ turnoutMs: 0, unsureMs: 0 }),
    leastDelayMs: 0,
    to: () => ({
      driveMs: (from, atMostMs) => {
        const drive = drives.get(from)!
        const isMore = drive === 'cut-off' ? atMostMs < 86_400_000 : typeof drive === 'number' && drive > atMostMs
        return isMore ? Number.POSITIVE_INFINITY : drive
      },
      leastMs: () => 0,
      reachedMs: REACHED_MS,
    }),
  }),
})

const CAPABILITIES = ['bariatric', 'neonatal', 'ventilator']
const extra = fc.record<Extra>({
  levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
  transports: fc.boolean(),
  capabilities: fc.subarray(CAPABILITIES),
  northM: fc.integer({ min: 1, max: 5_000 }),
  status: fc.constantFrom('available', 'available', 'available', 'available and away', 'assigned'),
  drive: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 300_000 }) },
    { weight: 1, arbitrary: fc.constantFrom('off-road', 'not-reached', 'cut-off') },
  ),
})
const need = fc.record({
  levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
  transport: fc.boolean(),
  capabilities: fc.subarray(CAPABILITIES, { maxLength: 1 }),
  preferred: fc.subarray(CAPABILITIES, { maxLength: 2 }),
})
const saves = fc.constantFrom(0, 10_000, 60_000, 120_000)
const reserve = fc.integer({ min: 0, max: 3 })
const numbers = fc.record({
  higherLevelSavesMs: fc.record({ 1: saves, 2: saves, 3: saves, 4: saves, 5: saves }),
  levelReserve: fc.record({ bls: reserve, als: reserve, cct: reserve }),
  straightLineSpeedMps: fc.constantFrom(5, 10, 20),
  preferredWithinMs: fc.constantFrom(0, 30_000, 60_000, 300_000),
  candidatesRecorded: fc.integer({ min: 1, max: 6 }),
})

describe('the choice of who may go', () => {
  test('is that of a look at every unit: who is counted as what, who goes, and who goes first', () => {
    fc.assert(
      fc.property(
        fc.array(extra, { maxLength: 14, size: 'max' }),
        need,
        fc.constantFrom(...PRIORITIES),
        numbers,
        fc.array(fc.nat(13), { maxLength: 3 }),
        fc.boolean(),
        (extras, needed, priority, policy, askedOnes, isByRoad) => {
          const scene = new Scene(extras, policy, isByRoad)
          const asked = [...new Set(askedOnes)].map(index => `U${String(index).padStart(3, '0')}`)
          const round = { number: 1, asked }
          const trip = { ...T1, need: needed, priority }
          const choice = scene.lookout.choice(trip, round)
          const { all, going, held } = scene.byLooking(needed, priority, asked)
          assert.deepEqual(
            choice.candidates.map(({ unitId }) => unitId),
            going.slice(0, policy.candidatesRecorded),
          )
          const excluded: Record<string, number> = {}
          for (const { unitId, reason } of all) {
            const why = held.includes(unitId) ? 'held-in-reserve' : reason
            assert.equal(scene.lookout.verdictAmong(choice, trip, unitId, round).reason, why, unitId)
            if (why !== null) excluded[why] = (excluded[why] ?? 0) + 1
          }
          assert.deepEqual(choice.tally, { eligible: going.length, excluded })
          // Whoever is nearer than the last candidate and does not go is named with that reason.
          const seen = scene.lookout.seen(trip, round, choice, 99)
          assert.deepEqual(seen.basis, isByRoad ? { basis: 'roads', roadsVersion: 4 } : { basis: 'straight-line' })
          for (const { unitId, reason } of seen.passedOver) {
            const own = all.find(each => each.unitId === unitId)!.reason
            assert.equal(reason, held.includes(unitId) ? 'held-in-reserve' : own)
          }
        },
      ),
      { numRuns: 600 },
    )
  })

  const unit = (levelOfCare: LevelOfCare, northM: number): Extra => ({
    ...{ levelOfCare, northM, transports: true, capabilities: [], status: 'available', drive: 0 },
  })
  const BLS: Need = { levelOfCare: 'bls', transport: true, capabilities: [] }
  const chosen = (extras: readonly Extra[], policy: Partial<Policy> = {}, priority: Priority = 3) => {
    const scene = new Scene(extras, policy)
    const choice = scene.lookout.choice({ ...T1, need: BLS, priority }, { number: 1, asked: [] })
    return [choice.candidates[0]?.levelOfCare, choice.tally.excluded['held-in-reserve'] ?? 0]
  }

  test('takes the last unit of a higher level only if it saves more than is set, at the speed that is set', () => {
    // 120 s at 10 m/s are 1,200 m.
    assert.deepEqual(chosen([unit('als', 990), unit('bls', 1_000)]), ['bls', 1])
    assert.deepEqual(chosen([unit('als', 100), unit('bls', 1_250)]), ['bls', 1])
    assert.deepEqual(chosen([unit('als', 100), unit('bls', 1_350)]), ['als', 0])
    assert.deepEqual(chosen([unit('als', 100), unit('bls', 1_250)], { straightLineSpeedMps: 5 }), ['als', 0])
  })

  test('takes a higher level by distance alone where enough of it stays free, where any saving is enough, and without reserve', () => {
    assert.deepEqual(chosen([unit('als', 990), unit('als', 9_000), unit('bls', 1_000)]), ['als', 0])
    assert.deepEqual(chosen([unit('als', 990), unit('bls', 1_000)], {}, 1), ['als', 0])
    assert.deepEqual(chosen([unit('als', 990), unit('bls', 1_000)], { levelReserve: { bls: 0, als: 0, cct: 0 } }), [
      'als',
      0,
    ])
  })

  test('takes the lower of two guarded levels, unless the higher one saves as much over it', () => {
    assert.deepEqual(chosen([unit('cct', 100), unit('als', 110)]), ['als', 1])
    assert.deepEqual(chosen([unit('cct', 100), unit('als', 1_400)]), ['cct', 0])
  })

  test('takes a guarded unit where nobody else could go', () => {
    assert.deepEqual(chosen([unit('cct', 4_000)]), ['cct', 0])
  })

  test('puts first who has most of what is preferred of those who are about as near, and excludes nobody for it', () => {
    const first = (units: readonly (readonly [northM: number, ...has: string[]])[], preferredWithinMs = 60_000) => {
      const extras = units.map(([northM, ...capabilities]): Extra => ({ ...unit('bls', northM), capabilities }))
      const scene = new Scene(extras, { preferredWithinMs, candidatesRecorded: 2 })
      const need = { ...BLS, preferred: ['neonatal', 'ventilator'] }
      const { candidates, tally } = scene.lookout.choice({ ...T1, need, priority: 3 }, { number: 1, asked: [] })
      assert.equal(tally.eligible, units.length)
      return [candidates.map(({ unitId }) => unitId).join(' '), candidates[0]?.preferred?.join(' ')]
    }
    // 60 s at 10 m/s are 600 m.
    assert.deepEqual(first([[500], [1_050, 'neonatal']]), ['U001 U000', 'neonatal'])
    assert.deepEqual(first([[500], [1_150, 'neonatal']]), ['U000 U001', ''])
    assert.deepEqual(first([[500], [600, 'neonatal'], [900, 'ventilator', 'neonatal']]), [
      'U002 U000',
      'neonatal ventilator',
    ])
    assert.deepEqual(first([[500], [600, 'neonatal'], [900, 'ventilator']]), ['U001 U000', 'neonatal'])
    assert.deepEqual(first([[500], [600, 'neonatal']], 0), ['U000 U001', ''])
    assert.deepEqual(first([[4_000]]), ['U000', ''])
  })
})
