/**
 * Who is sent to help, by an account of the judge's own: once for a trip, only where the policy says so, no longer than it is
 * of use; and what is lost with a unit is said with every offer to it.
 */

import type { Need } from '../../../src/domain/events/call-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId } from '../../../src/domain/ids.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'
import type { StateHistory } from './history.ts'
import { type Able, caresFor, carries, farOf, missingOf, mustCarry, spanFar, unitOfFar } from './needs.ts'
import type { PolicyAccount } from './policy-account.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>
type HelpAdded = Extract<DomainEvent, { type: 'HelpAdded' }>

const BEFORE_THE_SCENE: ReadonlySet<string> = new Set(['pending', 'offered', 'assigned', 'en-route'])

export class HelpAccount {
  readonly #findings: Findings
  readonly #policies: PolicyAccount
  /** The trip that each one helps, of those that help. */
  readonly #helps = new Map<TripId, TripId>()
  /** Those of them that have not ended. */
  readonly #open = new Set<TripId>()
  readonly #helped = new Set<TripId>()
  /** How far the unit was that a trip was last offered to, and in which record. */
  readonly #offered = new Map<TripId, { readonly position: number; readonly far: number }>()

  constructor(findings: Findings, policies: PolicyAccount) {
    this.#findings = findings
    this.#policies = policies
  }

  isHelp(tripId: TripId): boolean {
    return this.#helps.has(tripId)
  }

  /** Input: the states before the event. */
  take(states: StateHistory, event: DomainEvent, position: number): void {
    if (event.type === 'HelpAdded') this.#added(states, event, position)
    if (event.type === 'OfferMade') this.#offer(states, event, position)
  }

  /** A record has ended. */
  recorded(states: StateHistory, position: number): void {
    for (const tripId of this.#open) {
      const help = states.trip(tripId)
      if (help === undefined || !BEFORE_THE_SCENE.has(help.phase)) {
        if (help?.phase === 'closed' || help?.phase === 'cancelled') this.#open.delete(tripId)
        continue
      }
      const helped = states.trip(this.#helps.get(tripId)!)
      if (helped === undefined || BEFORE_THE_SCENE.has(helped.phase)) continue
      this.#find(`${tripId} is ${help.phase} behind position ${position}, and ${helped.tripId} is ${helped.phase}`)
    }
  }

  #added(states: StateHistory, event: HelpAdded, position: number): void {
    const { tripId, helpsTripId, priority, because } = event
    const find = (text: string) => this.#find(`${tripId} helps ${helpsTripId} from position ${position} on ${text}`)
    const helped = states.trip(helpsTripId)
    if (this.#helped.has(helpsTripId)) find('as another one does')
    if (this.#helps.has(helpsTripId)) find('which helps one itself')
    this.#helps.set(tripId, helpsTripId)
    this.#open.add(tripId)
    this.#helped.add(helpsTripId)
    if (helped?.phase !== 'pending' && helped?.phase !== 'offered')
      return find(`which is ${helped?.phase ?? 'nowhere'}`)
    const modes = this.#policies.sinceReached(policy => policy.whenNoneFree[priority])
    const isAllowed = because === 'none-free' ? modes.includes('send-lower') : modes.includes('nearest-trained')
    if (!isAllowed) find(`as ${because}, and the policy says ${modes.join(' or ')}`)
    if (helped.phase === 'offered' && because === 'none-free') find('as if nobody was free, and somebody was')
  }

  #offer(states: StateHistory, event: OfferMade, position: number): void {
    const { tripId, unitId, decision } = event
    const [first] = decision.candidates
    if (first?.unitId === unitId) this.#offered.set(tripId, { position, far: farOf(first) })
    const trip = states.trip(tripId)
    const unit = states.driver(unitId)
    if (trip === undefined || unit === undefined) return
    const helps = this.#helps.get(tripId)
    const need = (helps === undefined ? undefined : states.trip(helps)?.need) ?? trip.need
    const expected = JSON.stringify(lossOf(unit, need))
    const said = JSON.stringify(decision.loss ?? null)
    if (said !== expected) {
      const text = `the offer of ${tripId} to ${unitId} at position ${position} says that ${said} is lost, and it is ${expected}`
      this.#findings.find('loss-told', text)
    }
    if (helps !== undefined && trip.insistedUnitId !== unitId) this.#checkUse(trip, helps, event, position)
  }

  /** Whoever helps beside the right unit is there clearly before it. */
  #checkUse(trip: TripState, helps: TripId, { unitId, decision }: OfferMade, position: number): void {
    const right = this.#offered.get(helps)
    const policy = this.#policies.version(decision.policyVersion)
    if (right === undefined || right.position !== position || policy === undefined) return
    const far = farOf(decision.candidates[0]!)
    // Distances are kept to the metre.
    if (far <= right.far - spanFar(policy.helpSavesMs, decision, policy) + 1) return
    const unit = unitOfFar(decision)
    const text = `${unitId} at ${far} ${unit} is sent on ${trip.tripId} beside the right unit at ${right.far} ${unit}`
    this.#find(`${text}, at position ${position}`)
  }

  #find(text: string): void {
    this.#findings.find('help-of-use', text)
  }
}

function lossOf(unit: Able, need: Need): object | null {
  const care = caresFor(unit, need) ? null : { needed: need.levelOfCare, sent: unit.levelOfCare }
  const transport = mustCarry(need) && !carries(unit)
  const capabilities = missingOf(unit, need)
  return care === null && !transport && capabilities.length === 0 ? null : { care, transport, capabilities }
}
