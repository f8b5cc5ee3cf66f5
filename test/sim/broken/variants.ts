/**
 * Engines with one mistake each, which the simulation must find: a judge that finds nothing in them is worth nothing.
 *
 * A variant is a small patch of a source file. Its plan makes the world one in which the mistake can show.
 */
import type { Plan, Troubles } from '../plan.ts'

export interface Patch {
  /** From the root of the repository. */
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export interface Variant {
  readonly name: string
  /** What the mistake is. */
  readonly breaks: string
  readonly patch: Patch
  /** It takes long to show: sought in `npm run test:long` alone. */
  readonly isSlow?: true
  /** What differs from a small world in which nothing goes wrong; the seed is one that was seen to find it soon. */
  readonly provoke: Partial<Omit<Plan, 'troubles'>> & { readonly troubles?: Partial<Troubles> }
}

const PROCESSES_FIGHT: Partial<Troubles> = { pauses: 20, takeovers: 20, storeSlow: 4 }

export const VARIANTS: readonly Variant[] = [
  {
    name: 'answer-before-durable',
    breaks: 'answers and pushes leave when they are decided, not when their record is durable',
    patch: {
      file: 'src/actors/region/outbox.ts',
      find: 'position <= this.#durable && this.depth === 0',
      replace: 'position > 0 || this.depth === 0',
    },
    provoke: { troubles: { storeSlow: 6 } },
  },
  {
    name: 'stall-unnoticed',
    breaks: 'commands wait for a store that takes no writes, for as long as that lasts',
    patch: {
      file: 'src/actors/region/lane-watch.ts',
      find: 'ageMs >= STALLED_AFTER_MS',
      replace: 'ageMs < 0',
    },
    provoke: { troubles: { storeLocked: 10 } },
  },
  {
    name: 'refused-and-answered',
    isSlow: true,
    breaks: 'what was refused because the store stalled is answered once more when it takes writes again',
    patch: {
      file: 'src/actors/region/outbox.ts',
      find: 'this.#waiting = waiting.filter(({ refuse }) => refuse === null)',
      replace: 'this.#waiting = waiting',
    },
    provoke: { troubles: { storeLocked: 10 } },
  },
  {
    name: 'epoch-unchecked',
    breaks: 'the store takes writes of an owner that has been replaced',
    patch: {
      file: 'src/store/log/memory-region.ts',
      find: 'state.epoch === ownership.epoch && state.incarnation === ownership.incarnation',
      replace: 'state.epoch >= ownership.epoch',
    },
    provoke: { troubles: PROCESSES_FIGHT },
  },
  {
    name: 'fence-ignored',
    isSlow: true,
    breaks: 'an owner that has been replaced takes the refusal of its writes for success',
    patch: {
      file: 'src/store/log/commit-loop.ts',
      find: 'return { as: await this.#write(missing) }',
      replace: "await this.#write(missing)\n        return { as: 'durable' }",
    },
    provoke: { seed: 4, troubles: PROCESSES_FIGHT },
  },
  {
    name: 'rejection-repeated',
    isSlow: true,
    breaks: 'a write that the store refuses for its content is repeated for ever',
    patch: {
      file: 'src/store/log/commit-loop.ts',
      find: 'if (!(error instanceof StoreUnavailable || error instanceof OutcomeUnknown)) {',
      replace: 'if (!(error instanceof Error)) {',
    },
    provoke: { troubles: { rowsRejectedPerMille: 20 } },
  },
  {
    name: 'unknown-not-settled',
    breaks: 'a write whose outcome is unknown is repeated without looking whether it stands',
    patch: {
      file: 'src/store/log/commit-loop.ts',
      find: 'unknown ||= error instanceof OutcomeUnknown',
      replace: 'unknown = false',
    },
    provoke: { troubles: { writesUnknownPerMille: 100 } },
  },
  {
    name: 'offer-without-deadline',
    isSlow: true,
    breaks: 'an offer that nobody answers stays open',
    patch: {
      file: 'src/domain/dispatch/deadlines.ts',
      find: "dues.push({ dueMs: timeoutMs, deadline: { kind: 'offer-timeout', tripId, offerId } })",
      replace: '',
    },
    provoke: { seed: 14, mode: 'offered', callsPerHour: 30 },
  },
  {
    name: 'stale-deadline',
    isSlow: true,
    breaks: 'the deadline of an offer that is over ends the next one of its trip',
    patch: {
      file: 'src/domain/dispatch/deadlines.ts',
      find: 'if (offer === null || offer.offerId !== deadline.offerId) return []',
      replace: 'if (offer === null) return []',
    },
    provoke: { seed: 16, mode: 'offered', callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'passed-deadlines-fire',
    isSlow: true,
    breaks: 'what fell due while the engine was down happens at once, before crews have had time to come back',
    patch: {
      file: 'src/actors/region/comeback.ts',
      find: 'this.#untilMs = this.#clock.nowMs() + this.#clock.graceMs(this.#policy.standing.readyGraceMs)',
      replace: 'this.#untilMs = this.#clock.nowMs()',
    },
    provoke: { callsPerHour: 60, drivers: 8, troubles: { crashes: 60 } },
  },
  {
    name: 'asked-twice',
    isSlow: true,
    breaks: 'a unit that has declined is asked again in the same round',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: "if (round.asked.includes(driver.unitId)) return { reason: 'asked-this-round', round: round.number }",
      replace: '',
    },
    provoke: { seed: 14, mode: 'offered', callsPerHour: 20 },
  },
  {
    name: 'rounds-endless',
    breaks: 'the desk asks the same units round after round, and never a person',
    patch: {
      file: 'src/domain/dispatch/rounds.ts',
      find: 'round >= roundsMax',
      replace: 'round > 1_000 * roundsMax',
    },
    provoke: { seed: 86, mode: 'offered', callsPerHour: 30 },
  },
  {
    name: 'silent-chosen',
    breaks: 'a unit that left an offer unanswered is chosen next like any other',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: 'if (noContact !== undefined) return',
      replace: "if (noContact === '') return",
    },
    provoke: { seed: 3, callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'silence-untold',
    breaks: 'nobody is told that a unit left an offer unanswered',
    patch: {
      file: 'src/domain/dispatch/offers.ts',
      find: 'driver === undefined || driver.noContact !== undefined',
      replace: 'driver === undefined || driver.noContact !== null',
    },
    provoke: { seed: 3, callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'voice-untold',
    breaks: 'nobody is asked to tell a crew by voice that has no app',
    patch: {
      file: 'src/domain/dispatch/offers.ts',
      find: "isByVoice ? [offer, ...alarmRaised(trip, 'voice-order', unitId)] : [offer]",
      replace: '[offer]',
    },
    provoke: { seed: 3, callsPerHour: 40, drivers: 3, feedUnits: 4 },
  },
  {
    name: 'voice-unseen',
    breaks: 'a crew that has no app gets its order by the app',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: 'crew === CREW_BY_VOICE ||',
      replace: "crew === '' ||",
    },
    provoke: { seed: 32, callsPerHour: 40, drivers: 3, feedUnits: 4 },
  },
  {
    name: 'patient-unreceived',
    breaks: 'the call of a trip that was closed as handed over ends, whoever has the patient',
    patch: {
      file: 'src/actors/region/command-steps.ts',
      find: 'turn.record(receiversOf(tripsOf(turn, call))',
      replace: 'turn.record(receiversOf([])',
    },
    provoke: { seed: 3, callsPerHour: 40, drivers: 6 },
  },
  {
    name: 'patient-guessed',
    breaks: 'of two trips that can have a patient the engine takes the first',
    patch: {
      file: 'src/domain/trip/receiver.ts',
      find: 'only !== undefined && others.length === 0',
      replace: 'only !== undefined && others.length < 9',
    },
    provoke: { seed: 3, callsPerHour: 40, drivers: 12 },
  },
  {
    name: 'last-resort-first',
    breaks: 'a unit of whose crew nobody has heard goes before one whose crew can be called',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: "['disconnected', 'no-contact', 'position-lost'] as const",
      replace: "['no-contact', 'disconnected', 'position-lost'] as const",
    },
    provoke: { seed: 3, callsPerHour: 40, drivers: 3, feedUnits: 6 },
  },
  {
    name: 'withdrawn-used',
    breaks: 'the desk uses a unit at once that a dispatcher has just withdrawn',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: 'if (nowMs < untilMs) return',
      replace: 'if (nowMs < 0 * untilMs) return',
    },
    provoke: { seed: 3, callsPerHour: 40, drivers: 6 },
  },
  {
    name: 'stand-down-unheard',
    breaks: 'nobody is told of a crew that has not said that it knows of the trip that was taken from it',
    patch: {
      file: 'src/domain/dispatch/unit-deadlines.ts',
      find: 'return takenTrip === undefined || isTold ? null :',
      replace: 'return isTold || Number(takenTrip?.sinceMs) > 0 ? null :',
    },
    provoke: { seed: 3, callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'held-offered',
    breaks: 'the desk offers a trip that a dispatcher keeps',
    patch: {
      file: 'src/domain/trip/trip.ts',
      find: "phase === 'pending' && onHold === undefined",
      replace: "phase === 'pending' && onHold !== null",
    },
    provoke: { seed: 3, callsPerHour: 40, drivers: 8 },
  },
  {
    name: 'order-not-returned',
    breaks: "a dispatcher's own order that nobody answers goes to a unit of the desk's choice",
    patch: {
      file: 'src/domain/dispatch/offers.ts',
      find: 'trip.insistedUnitId === unitId ? backToDispatcher(trip, unitId) : []',
      replace: 'trip.insistedUnitId === offerId ? backToDispatcher(trip, unitId) : []',
    },
    provoke: { seed: 16, callsPerHour: 40, drivers: 8 },
  },
  {
    name: 'alarm-unheard',
    breaks: 'an alarm that nobody answers goes up to nobody',
    patch: {
      file: 'src/domain/alarms.ts',
      find: 'if (goneAtMs !== null || acknowledged !== null || escalatedAtMs !== null) return null',
      replace: 'if (raisedAtMs > 0) return null',
    },
    provoke: { seed: 2 },
  },
  {
    name: 'mass-untold',
    breaks: 'a fleet that falls silent at once is as many alarms as it has trips',
    patch: {
      file: 'src/domain/dispatch/mass-silence.ts',
      find: 'if (seen.isStarting) return null',
      replace: 'if (seen.isStarting || lastMs > 0) return null',
    },
    provoke: { drivers: 12, callsPerHour: 60, troubles: { blackouts: 20 } },
  },
  {
    name: 'mass-and-each',
    breaks: 'a fleet that falls silent at once is one alarm, and one of each trip as well',
    patch: {
      file: 'src/domain/dispatch/mass-silence.ts',
      find: 'lastMs < watched.toMs) return []',
      replace: 'lastMs < watched.toMs) return null',
    },
    provoke: { drivers: 12, callsPerHour: 60, troubles: { blackouts: 20 } },
  },
  {
    name: 'cancel-with-patient',
    breaks: 'a trip is cancelled with a patient on board',
    patch: {
      file: 'src/domain/trip/trip-desk.ts',
      find: 'if (mayHavePatient(trip)) return patientOnBoard(trip)',
      replace: '',
    },
    provoke: { seed: 435, callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'free-at-the-scene',
    breaks: 'a unit whose trip is taken from it at the scene can be sent at once',
    patch: {
      file: 'src/domain/trip/trip.ts',
      find: "phaseOrder(phase) >= phaseOrder('on-scene') ? { standsDown: true as const } : {}",
      replace: '({})',
    },
    provoke: { seed: 19, callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'aged-overtakes',
    isSlow: true,
    breaks: 'a trip that has waited long goes before a more urgent one of priority 1 or 2',
    patch: {
      file: 'src/domain/dispatch/queue.ts',
      find: 'const URGENT_UP_TO: Priority = 2',
      replace: 'const URGENT_UP_TO: number = 0',
    },
    provoke: { hours: 1, callsPerHour: 40 },
  },
  {
    name: 'late-entry-jumps',
    isSlow: true,
    breaks: 'a call that is entered late goes before those that were entered earlier',
    patch: {
      file: 'src/domain/trip/trip-fold.ts',
      find: 'return createdTrip(event, meta, meta.recordedAtMs)',
      replace: 'return createdTrip(event, meta, event.receivedAtMs)',
    },
    provoke: { seed: 2, hours: 1, callsPerHour: 40 },
  },
  {
    name: 'long-wait-untold',
    isSlow: true,
    breaks: 'nobody is told of a trip that waits for very long',
    patch: {
      file: 'src/domain/dispatch/deadlines.ts',
      find: 'if (waitingLongMs !== null) dues.push(',
      replace: 'if (waitingLongMs === 0) dues.push(',
    },
    provoke: { callsPerHour: 40 },
  },
  {
    name: 'numbers-shared',
    breaks: 'every trip of a call has the number of its first',
    patch: {
      file: 'src/domain/call.ts',
      find: 'responseNoOf(incidentNo, index + 1)',
      replace: 'responseNoOf(incidentNo, 1)',
    },
    provoke: {},
  },
  {
    name: 'number-left-out',
    breaks: 'every second number is given to no call',
    patch: {
      file: 'src/actors/region/incident-numbers.ts',
      find: 'number: (this.#last.get(year) ?? 0) + 1',
      replace: 'number: (this.#last.get(year) ?? 0) + 2',
    },
    provoke: {},
  },
  {
    name: 'threatened-crew-sent',
    breaks: 'a unit whose crew calls for help for itself is chosen next like any other',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: 'if (driver.emergencySinceMs !== undefined) return',
      replace: 'if (driver.emergencySinceMs === 0) return',
    },
    provoke: { seed: 3, callsPerHour: 60, drivers: 8 },
  },
  {
    name: 'unfit-decliner-asked',
    breaks: 'a crew that declines because its vehicle or itself cannot work gets the next trip at once',
    patch: {
      file: 'src/domain/dispatch/given-back.ts',
      find: "return accepted({ type: 'OfferDeclined', ...declined }, ...takenOut(driver, reason, nowMs))",
      replace: "return accepted({ type: 'OfferDeclined', ...declined })",
    },
    provoke: { seed: 9, mode: 'offered', callsPerHour: 40 },
  },
  {
    name: 'unfit-withdrawn-asked',
    isSlow: true,
    breaks: 'a unit that a dispatcher withdraws because it cannot work gets the next trip at once',
    patch: {
      file: 'src/domain/dispatch/override.ts',
      find: 'return accepted(...decision.events, ...takenOut(former, command.reason, nowMs, BY_DESK))',
      replace: 'return accepted(...decision.events)',
    },
    provoke: { seed: 7, callsPerHour: 120, drivers: 12 },
  },
  {
    name: 'fly-car-sent',
    breaks: 'a unit that cannot carry is sent to who has to be carried',
    patch: {
      file: 'src/domain/dispatch/eligibility.ts',
      find: "if (!transports && needsTransport(need)) return 'cannot-transport'",
      replace: "if (!transports && needsTransport(need) && need.capabilities.length > 9) return 'cannot-transport'",
    },
    provoke: { callsPerHour: 40, drivers: 8 },
  },
  {
    name: 'help-left-out',
    breaks: 'a trip that nobody of its level can serve waits although its policy sends a lower level at once',
    patch: {
      file: 'src/domain/dispatch/help.ts',
      find: "return phase === 'pending' ? rungsFrom(need.levelOfCare) : []",
      replace: "return phase === 'closed' ? rungsFrom(need.levelOfCare) : []",
    },
    provoke: { callsPerHour: 60, drivers: 6 },
  },
  {
    name: 'help-goes-on',
    breaks: 'who goes to help goes on although the right unit is at the scene',
    patch: {
      file: 'src/domain/dispatch/help.ts',
      find: "if (isEnded(helped) || phaseOrder(helped.phase) >= phaseOrder('on-scene')) return true",
      replace: 'if (isEnded(helped)) return true',
    },
    provoke: { callsPerHour: 60, drivers: 10 },
  },
  {
    name: 'help-behind',
    breaks: 'who is no earlier at the scene than the right unit is sent beside it',
    patch: {
      file: 'src/domain/dispatch/help.ts',
      find: 'rightUnit - farIn(',
      replace: 'rightUnit + farIn(',
    },
    provoke: { callsPerHour: 60, drivers: 10 },
  },
  {
    name: 'loss-untold',
    breaks: 'a decision does not say what is lost with the unit that is sent',
    patch: {
      file: 'src/domain/dispatch/ranking.ts',
      find: '...(loss === null ? NOTHING : { loss }),',
      replace: '...(loss === null || despite === null ? NOTHING : { loss }),',
    },
    provoke: { callsPerHour: 60, drivers: 10 },
  },
  {
    name: 'reserve-spent',
    breaks: 'the last unit of a higher level goes where it saves nothing',
    patch: {
      file: 'src/domain/dispatch/reserve.ts',
      find: 'if (free === 0 || free - 1 >= reserve) continue',
      replace: 'if (free === 0 || free >= reserve) continue',
    },
    provoke: { callsPerHour: 60, drivers: 10 },
  },
  {
    name: 'preferred-anywhere',
    breaks: 'who has a preferred capability goes however far away it is',
    patch: {
      file: 'src/domain/dispatch/preference.ts',
      find: 'farIn(policy.preferredWithinMs, basis, policy)',
      replace: 'farIn(policy.preferredWithinMs + 3_600_000_000, basis, policy)',
    },
    provoke: { callsPerHour: 60, drivers: 10 },
  },
  {
    name: 'shortlist-by-line',
    breaks: 'of those who could go only the ones nearest by the straight line are looked at',
    patch: {
      file: 'src/finder/soonest.ts',
      find: 'if (best.length > k) best.pop()',
      replace: 'if (best.length === k) return true',
    },
    provoke: { seed: 11, hasRoads: true, callsPerHour: 60, drivers: 10 },
  },
  {
    name: 'siren-forgotten',
    breaks: 'times by road are without siren for every priority',
    patch: {
      file: 'src/roads/travel/driven-times.ts',
      find: 'sirenPercent[priority] / 100',
      replace: '0 * sirenPercent[priority]',
    },
    provoke: { hasRoads: true, callsPerHour: 30, drivers: 8, timeZone: 'UTC' },
  },
  {
    name: 'hour-of-utc',
    breaks: 'times by road are those of the hour at UTC, whatever the time zone of the region',
    patch: {
      file: 'src/actors/region/region-roads.ts',
      find: 'timeZone: timeZone()',
      replace: "timeZone: 'UTC'",
    },
    provoke: { hasRoads: true, callsPerHour: 30, drivers: 8, timeZone: 'Europe/Berlin', hours: 2 },
  },
  {
    name: 'turnout-forgotten',
    breaks: 'a crew that is at its station counts as if it were at a post',
    patch: {
      file: 'src/actors/region/start-delay.ts',
      find: 'const isAtStation = fix !== null && roads.isAtStation(fix)',
      replace: 'const isAtStation = fix === null && roads.isAtStation({ lonDeg: 0, latDeg: 0 })',
    },
    provoke: { hasRoads: true, callsPerHour: 30, drivers: 8 },
  },
  {
    name: 'fix-age-forgotten',
    breaks: 'a unit of which nothing was heard for long is ranked as if it were still there',
    patch: {
      file: 'src/roads/travel/start-delays.ts',
      find: 'const unsure = unsureMs({ ageMs: fixAgeMs, speedMps }',
      replace: 'const unsure = unsureMs({ ageMs: 0 * fixAgeMs, speedMps }',
    },
    provoke: { seed: 6, hasRoads: true, callsPerHour: 60, drivers: 8, troubles: { halfOpens: 40, stalls: 40 } },
  },
  {
    name: 'closure-forgotten',
    breaks: 'roads that a dispatcher has closed or said to be slow are driven as before',
    patch: {
      file: 'src/actors/region/region-roads.ts',
      find: 'const leftOut = this.#standing?.restrict(this.#ports.zones()) ?? 0',
      replace: 'const leftOut = this.#ports.zones().length * 0',
    },
    provoke: { hasRoads: true, callsPerHour: 60, drivers: 10, dispatchers: 3, hours: 1 },
  },
  {
    name: 'closed-for-good',
    breaks: 'roads are never open again by the time that a dispatcher said',
    patch: {
      file: 'src/domain/drawn-zones.ts',
      find: '[{ zoneId, dueMs: untilAtMs }]',
      replace: '[{ zoneId, dueMs: untilAtMs + 86_400_000 }]',
    },
    provoke: { hasRoads: true, dispatchers: 3, hours: 1 },
  },
  {
    name: 'away-uncounted',
    breaks: 'a decision does not count the units of which nobody knows where they are',
    patch: {
      file: 'src/domain/dispatch/census.ts',
      find: "const reason = fits(kind, need) ? kind.away : 'capability'",
      replace:
        "if (kind.away === 'no-position') continue\n      const reason = fits(kind, need) ? kind.away : 'capability'",
    },
    provoke: { seed: 4 },
  },
  {
    name: 'nobody-unexplained',
    breaks: 'the desk says that it found nobody, and not what it saw',
    patch: {
      file: 'src/domain/dispatch/alarms.ts',
      find: 'decide === undefined ? {} :',
      replace: 'decide !== null ? {} :',
    },
    provoke: { callsPerHour: 30 },
  },
  {
    name: 'override-uncounted',
    breaks: "a dispatcher's own choice records nothing of who else there was",
    patch: {
      file: 'src/domain/dispatch/override.ts',
      find: '{ ...seen, candidates, passedOver }',
      replace: '{ candidates, passedOver: [], eligible: 0, excluded: {} }',
    },
    provoke: { seed: 3, callsPerHour: 30 },
  },
  {
    name: 'former-policy-kept',
    breaks: 'a region whose memory is rebuilt goes on by the policy that its process began with',
    patch: {
      file: 'src/actors/region-host.ts',
      find: 'policy: this.#policy, onLost',
      replace: 'policy: (this.#policy = this.#parts.policy), onLost',
    },
    // A refused write drops the memory of a process that goes on; between a decision by the newest policy and the next change
    // of anything the former one must decide again.
    provoke: { seed: 2, callsPerHour: 60, drivers: 8, troubles: { policyChanges: 12, rowsRejectedPerMille: 20 } },
  },
  {
    name: 'record-skipped',
    breaks: 'recovery leaves out the last record that it reads',
    patch: {
      file: 'src/actors/region/recovery.ts',
      find: 'for (const record of records) {',
      replace: 'for (const record of records.slice(0, -1)) {',
    },
    provoke: { troubles: { crashes: 4 } },
  },
  {
    name: 'ids-forgotten',
    isSlow: true,
    breaks: 'after a restart nobody knows which commands were done',
    patch: {
      file: 'src/actors/region/recovery.ts',
      find: 'if (found === undefined) outcomes.remember(principal, commandId, outcome)',
      replace: 'if (found === undefined) void outcome',
    },
    provoke: { seed: 2, callsPerHour: 30, drivers: 4, troubles: { crashes: 30, storeSlow: 30 } },
  },
  {
    name: 'other-answer-kept',
    isSlow: true,
    breaks: 'a command that is repeated under its id is told another position',
    patch: {
      file: 'src/actors/region/idempotency.ts',
      find: '{ bodyHash, position, recordedAtMs, result }',
      replace: '{ bodyHash, position: position + 1, recordedAtMs, result }',
    },
    provoke: { callsPerHour: 20, troubles: { clumsiness: 0.5, cuts: 40 } },
  },
  {
    name: 'snapshot-too-new',
    breaks: 'a snapshot has more in it than its position says',
    patch: {
      file: 'src/store/log/memory-region.ts',
      find: 'row: { position, segmentNo, text: toJson(state) },',
      replace: 'row: { position: Math.max(0, position - 1), segmentNo, text: toJson(state) },',
    },
    provoke: { troubles: { drains: 8 } },
  },
  {
    name: 'closed-call-lost',
    breaks: 'a call that is over leaves memory without being written',
    patch: {
      file: 'src/actors/region/leaving-writes.ts',
      find: 'await journal.putClosedCalls(this.#ownership, rows, whole).catch(rejected)',
      replace:
        "rows.length < 0 ? await journal.putClosedCalls(this.#ownership, rows, whole).catch(rejected) : 'durable'",
    },
    provoke: { callsPerHour: 30, troubles: { memoryShort: 5 } },
  },
  {
    name: 'closed-call-unknown',
    breaks: 'a call that has left memory is not looked up for a command that names it',
    patch: {
      file: 'src/actors/region/looking-up.ts',
      find: 'tripIds: tripIds.filter(id => memory.trip(id) === undefined)',
      replace: 'tripIds: []',
    },
    provoke: { callsPerHour: 30, troubles: { memoryShort: 5 } },
  },
  {
    name: 'old-id-decided-anew',
    breaks: 'the id of a command whose outcome has left memory counts as new',
    patch: {
      file: 'src/actors/region/idempotency.ts',
      find: 'return this.#left.mayHave(keyOf(principal, commandId))',
      replace: 'return this.#bytes < 0 && this.#left.mayHave(keyOf(principal, commandId))',
    },
    provoke: { callsPerHour: 30, troubles: { memoryShort: 1 } },
  },
  {
    name: 'start-without-closed-calls',
    breaks: 'a start does not look up the calls that the log behind the snapshots names',
    patch: {
      file: 'src/actors/region/recovery.ts',
      find: 'await callsOfPage(journal, acquired, memory, records)',
      replace: 'void callsOfPage',
    },
    provoke: { callsPerHour: 30, troubles: { memoryShort: 5, crashes: 20 } },
  },
  {
    name: 'open-trip-kept',
    isSlow: true,
    breaks: 'the row of an open trip stays when its unit is let go',
    patch: {
      file: 'src/actors/region/turn.ts',
      find: 'if (before !== null) closes.push({ unitId, tripId: before })',
      replace: '',
    },
    provoke: { callsPerHour: 20 },
  },
  {
    name: 'fleet-of-walkers',
    breaks: 'no unit is believed to be faster than its crew on foot',
    patch: {
      file: 'src/domain/fix-judge.ts',
      find: '(spanMs / 1_000) * fixSpeedMaxMps',
      replace: '(spanMs / 1_000) * 2',
    },
    provoke: { drivers: 6 },
  },
  {
    name: 'late-fix-moves',
    breaks: 'a fix that comes late moves its unit back',
    patch: {
      file: 'src/actors/driver/location.ts',
      find: 'const isPlaced = (flags & FIX_FLAGS.replaces) !== 0 || isNewer(fix, this.#placed)',
      replace: 'const isPlaced = true',
    },
    provoke: { drivers: 6, troubles: { clumsiness: 0.8, crashes: 20 } },
  },
  {
    name: 'shift-of-ahead',
    breaks: 'fixes are dated by how far recorded time lies ahead of the line, as clients have not heard it',
    patch: {
      file: 'src/actors/clock.ts',
      find: 'return this.#anchor.anchorRegionMs + (wallMs - this.#anchor.anchorWallMs) * this.#anchor.rate',
      replace:
        'const lineMs = this.#anchor.anchorRegionMs + (wallMs - this.#anchor.anchorWallMs) * this.#anchor.rate\n    const nowMs = this.#machine.monotonicMs()\n    const shownMs = this.#anchor.anchorRegionMs + (this.#wall.latestMs() - this.#anchor.anchorWallMs) * this.#anchor.rate\n    return lineMs + Math.max(0, this.#runOn(this.#recorded, nowMs) - shownMs)',
    },
    provoke: { seed: 2, troubles: { clockJumps: 20, cuts: 20 } },
  },
  {
    name: 'place-ahead-kept',
    isSlow: true,
    breaks: 'a place that a wrong clock has left ahead of now keeps out the fixes of now',
    patch: {
      file: 'src/actors/driver/location.ts',
      find: 'const isOutdated = placed !== null && placed.fixedAtMs > outdatedMs',
      replace: 'const isOutdated = false',
    },
    provoke: { drivers: 6, troubles: { clockJumps: 20, cuts: 40 } },
  },
  {
    name: 'mark-of-received',
    breaks: 'a mark names all that was received, not only what the stored segment has',
    patch: {
      file: 'src/actors/region/assembly/state-level.ts',
      find: 'memory.driverActor(unitId)?.onDurable(streamId, seq)',
      replace:
        '{ const driver = memory.driverActor(unitId); driver?.onDurable(streamId, driver.location.knownStream(streamId)?.receivedSeq ?? seq) }',
    },
    provoke: { drivers: 6, troubles: { storeSlow: 20, cuts: 20 } },
  },
  {
    name: 'mark-before-durable',
    breaks: 'a mark is told when its segment is closed, not when it is stored',
    patch: {
      file: 'src/store/location/segment-writer.ts',
      find: 'const end = await this.#loop.commit([segment.write], segment.write.fixCount)',
      replace:
        'this.#settings.handlers.onDurable(segment.durable)\n      const end = await this.#loop.commit([segment.write], segment.write.fixCount)',
    },
    provoke: { troubles: { storeSlow: 6 } },
  },
  {
    name: 'old-stream-forgotten',
    breaks: 'a stream that nine others of its unit have pushed out of memory is taken for a new one',
    patch: {
      file: 'src/actors/driver/location.ts',
      find: 'return this.#forgotten !== null && this.knownStream(streamId) === undefined && this.#forgotten.has(streamId)',
      replace: 'return streamId === undefined',
    },
    provoke: { troubles: { appLoops: 12 } },
  },
  {
    name: 'tile-frame-left-out',
    breaks: 'a console that comes back to a tile misses the first frame of those that it is given',
    patch: {
      file: 'src/actors/region/live/tile-stream.ts',
      find: 'return this.#kept.slice(this.#kept.length - missed)',
      replace: 'return this.#kept.slice(this.#kept.length - missed + 1)',
    },
    provoke: { consoles: 4, drivers: 6, troubles: { cuts: 120 } },
  },
  {
    name: 'tile-news-lost',
    isSlow: true,
    breaks: 'the frames of a tile tell of each unit once, and are numbered as if nothing was missing',
    patch: {
      file: 'src/actors/region/live/tile-stream.ts',
      find: 'unit.news &= ~this.#bit\n      units.push',
      replace: 'units.push',
    },
    provoke: { consoles: 2 },
  },
  {
    name: 'acknowledgement-invented',
    breaks: 'the moment of a phase that the desk reports is taken for the acknowledgement that it implies',
    patch: {
      file: 'src/domain/trip/trip-work.ts',
      find: '...momentOf(command), implied: true })',
      replace: '...momentOf(command) })',
    },
    provoke: { seed: 122, callsPerHour: 120, drivers: 20 },
  },
  {
    name: 'order-undoubted',
    breaks: 'a moment that cannot be, given the others of the unit, is taken without a word',
    patch: {
      file: 'src/domain/trip/plausible.ts',
      find: 'response !== undefined && isImplausible(response, time, atMs) ?',
      replace: 'response === undefined && atMs < 0 && isImplausible(response!, time, atMs) ?',
    },
    provoke: { seed: 30, callsPerHour: 60, drivers: 20 },
  },
  {
    name: 'wheels-over-crew',
    breaks: "what the wheels say of a moment takes the place of the crew's own word",
    patch: {
      file: 'src/domain/trip/response-fold.ts',
      find: 'if (isWheels) return { ...known, ...wheelsIn(moment) }',
      replace: 'if (isWheels) return moment',
    },
    provoke: { callsPerHour: 60, drivers: 12, troubles: { policyChanges: 12 } },
  },
]
