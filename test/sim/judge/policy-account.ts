/** By which policies a region's decisions were made, as their records say it; and what each version allows. */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { AlarmSeverity, Priority } from '../../../src/domain/vocabulary.ts'
import type { Findings } from './findings.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>

export class PolicyAccount {
  /** Every version that there was so far. */
  readonly #policies: ReadonlyMap<number, StandingPolicy>
  readonly #findings: Findings
  /** The newest that a decision of the log names. */
  #reached = 1
  readonly #withdrawnAtMs = new Map<UnitId, number>()

  constructor(policies: ReadonlyMap<number, StandingPolicy>, findings: Findings) {
    this.#policies = policies
    this.#findings = findings
  }

  get newest(): StandingPolicy {
    return this.#policies.get(this.#policies.size)!
  }

  /** An alarm does not say by which version it was raised: it may be any from the last decision's on. */
  get leastNoMovementMs(): number {
    return this.#leastSince(({ noMovementMs }) => noMovementMs)
  }
  get leastStandDownWarnMs(): number {
    return this.#leastSince(({ standDownWarnMs }) => standDownWarnMs)
  }
  leastWaitAlarmMs(priority: Priority): number {
    return this.#leastSince(({ waitAlarmMs }) => waitAlarmMs[priority])
  }
  leastAlarmEscalateMs(severity: AlarmSeverity): number {
    return this.#leastSince(({ alarmEscalateMs }) => alarmEscalateMs[severity])
  }
  #leastSince(spanMs: (policy: StandingPolicy) => number): number {
    return Math.min(...this.sinceReached(spanMs))
  }

  /** What each version says that may stand by now. */
  sinceReached<T>(says: (policy: StandingPolicy) => T): T[] {
    return [...this.#policies.values()].filter(({ version }) => version >= this.#reached).map(says)
  }

  version(version: number | undefined): StandingPolicy | undefined {
    return version === undefined ? undefined : this.#policies.get(version)
  }

  /** Who is withdrawn before the scene is kept, until its crew goes. */
  take(event: DomainEvent, atMs: number): void {
    if (event.type === 'UnitWithdrawn' && event.standsDown !== true) this.#withdrawnAtMs.set(event.unitId, atMs)
    if (event.type === 'CrewSignedOff') this.#withdrawnAtMs.delete(event.unitId)
  }

  /** Takes in a decision. Input: its trip before it. Output: the policy that it names; null when there was none such. */
  decided(trip: TripState, offer: OfferMade, position: number): StandingPolicy | null {
    const find = (text: string) =>
      this.#findings.find(
        'policy-kept',
        `the offer of ${offer.tripId} to ${offer.unitId} at position ${position} ${text}`,
      )
    const version = offer.decision.policyVersion
    const policy = version === undefined ? undefined : this.#policies.get(version)
    if (policy === undefined) {
      find(`names policy version ${version ?? 'none'}, and there are those up to ${this.#policies.size}`)
      return null
    }
    if (policy.version < this.#reached) find(`is by policy version ${version}, after one by version ${this.#reached}`)
    this.#reached = Math.max(this.#reached, policy.version)
    for (const text of breachesOf(policy, trip, offer)) find(`${text}, by policy version ${version}`)
    const withdrawnAtMs = this.#withdrawnAtMs.get(offer.unitId)
    this.#withdrawnAtMs.delete(offer.unitId)
    if (withdrawnAtMs !== undefined && trip.insistedUnitId !== offer.unitId) {
      const keptMs = withdrawnAtMs + policy.withdrawPauseMs - offer.offeredAtMs
      if (keptMs > 0 && withdrawnAtMs <= offer.offeredAtMs)
        find(`is ${keptMs} ms before the end of its pause, by policy version ${version}`)
    }
    return policy
  }
}

/** What of an offer is otherwise than the policy has it. */
function breachesOf(policy: StandingPolicy, trip: TripState, offer: OfferMade): string[] {
  const { mode, offeredAtMs, warnAtMs, deadlineAtMs, decision, byVoice = false } = offer
  // What a dispatcher insists on, or has to tell, is an order, whatever the mode.
  const ruled = byVoice || trip.insistedUnitId === offer.unitId ? 'ordered' : policy.mode
  if (mode !== ruled) return [`is ${mode} and should be ${ruled}`]
  const breaches: string[] = []
  // A round that began by another policy goes on to its end.
  if (offer.round > Math.max(policy.roundsMax, trip.round) && trip.insistedUnitId !== offer.unitId)
    breaches.push(`is of round ${offer.round}, and there are ${policy.roundsMax}`)
  const byMode = (mode === 'ordered' ? policy.orderTimeoutMs : policy.offerTimeoutMs)[trip.priority]
  const lasts = byVoice ? policy.voiceTimeoutMs : byMode
  if (deadlineAtMs !== offeredAtMs + lasts)
    breaches.push(`lasts ${deadlineAtMs - offeredAtMs} ms and should last ${lasts}`)
  const warns = mode === 'ordered' && !byVoice ? policy.orderWarnMs[trip.priority] : null
  const warned = warnAtMs === null ? null : warnAtMs - offeredAtMs
  if (warned !== warns) breaches.push(`warns after ${warned} ms and should after ${warns}`)
  const { length } = decision.candidates
  if (length > policy.candidatesRecorded) breaches.push(`keeps ${length} candidates of ${policy.candidatesRecorded}`)
  return breaches
}
