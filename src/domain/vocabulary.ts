/** The closed word lists of dispatch: levels of care, statuses, phases, causes, dispositions. */

export const LEVELS_OF_CARE = ['first-responder', 'bls', 'als', 'cct'] as const
/** What the crew and vehicle can do for a patient. Whether they can carry one is an axis of its own (NEMSIS eResponse.07). */
export type LevelOfCare = (typeof LEVELS_OF_CARE)[number]

/** What a level said of transport before that was told by itself: all but first responders carry. */
export const carriesByLevel = (level: LevelOfCare): boolean => level !== 'first-responder'

/** The levels that can be higher than needed. */
export const RESERVED_LEVELS = ['bls', 'als', 'cct'] as const
export type ReservedLevel = (typeof RESERVED_LEVELS)[number]

export const CAPABILITY = /^[a-z0-9-]{1,32}$/
/** `bariatric`, `neonatal`, …: free words of the service. */
export type Capability = string

/** 1 (highest) to 5. */
export type Priority = 1 | 2 | 3 | 4 | 5
export const PRIORITIES: readonly Priority[] = [1, 2, 3, 4, 5]

/** How much harm an unanswered alarm can do, 1 the most. */
export const ALARM_SEVERITIES = [1, 2, 3] as const
export type AlarmSeverity = (typeof ALARM_SEVERITIES)[number]

export const UNIT_STATUSES = [
  'off-duty',
  'available',
  'offered',
  'assigned',
  'en-route',
  'on-scene',
  'transporting',
  'at-destination',
  'standing-down',
  'unavailable',
] as const
export type UnitStatus = (typeof UNIT_STATUSES)[number]

/** What a choice of units goes by: the great-circle distance of each one's placed fix, or how long it takes by road. */
export const RANKING_BASES = ['straight-line', 'roads'] as const
export type RankingBasis = (typeof RANKING_BASES)[number]

/** Whether a hospital takes patients: all; others are asked to be brought elsewhere; none. Those of before said nothing, and count as open. */
export const HOSPITAL_STATUSES = ['open', 'divert', 'closed'] as const
export type HospitalStatus = (typeof HOSPITAL_STATUSES)[number]

/** How a dispatcher draws closed or slow roads: an area, or a line along a street. */
export const ZONE_KINDS = ['area', 'line'] as const
export type ZoneKind = (typeof ZONE_KINDS)[number]

/** Why roads are closed or slow for ambulances. */
export const ZONE_REASONS = [
  ...(['roadworks', 'accident', 'flood', 'snow', 'fire', 'event', 'police', 'traffic', 'other'] as const),
] as const
export type ZoneReason = (typeof ZONE_REASONS)[number]

/**
 * What speaks of a unit or its crew, not of a trip: given for whatever, it makes the unit unavailable. The end of a shift does
 * not: a unit that is too late for this trip may have time for a shorter one.
 */
export const UNFIT_REASONS = ['vehicle-fault', 'equipment', 'crew-fatigue', 'unsafe'] as const
export type UnfitReason = (typeof UNFIT_REASONS)[number]

/** `breakdown` is `vehicle-fault` as older clients say it, and older records. */
export const UNAVAILABLE_REASONS = [
  'break',
  'refuel',
  'decontamination',
  'breakdown',
  'restock',
  'meal',
  'unstaffed',
  'training',
  'maintenance',
  ...UNFIT_REASONS,
  'other',
] as const
export type UnavailableReason = (typeof UNAVAILABLE_REASONS)[number]

/** By what a crew is told something: its app; by voice, and the vehicle's modem tells where it is; by voice alone. */
export const REACHES = ['app', 'modem', 'voice'] as const
export type Reach = (typeof REACHES)[number]

/** Whether a unit can be sent is an axis of its own (EIDO primary unit status). */
export type Dispatchability = 'available' | 'conditionally-available' | 'not-available'

/** The phases a trip passes while a unit works on it, in their order; a crew reports them with buttons. */
export const WORK_PHASES = [
  'assigned',
  'en-route',
  'on-scene',
  'at-patient',
  'transporting',
  'at-destination',
  'transferred',
] as const
export type WorkPhase = (typeof WORK_PHASES)[number]

export const TRIP_PHASES = ['pending', 'offered', ...WORK_PHASES, 'closed', 'cancelled'] as const
export type TripPhase = (typeof TRIP_PHASES)[number]

/** The phases a crew may report; `assigned` comes from an acceptance, never from a button. */
export const REPORTABLE_PHASES = WORK_PHASES.filter(phase => phase !== 'assigned') as Exclude<WorkPhase, 'assigned'>[]
export type ReportablePhase = Exclude<WorkPhase, 'assigned'>

/** Who says when a call reached the centre (NEMSIS eTimes.01): whoever entered it, or nobody, and then it counts from its entry. */
export const RECEIVED_SOURCES = ['caller', 'entered'] as const
export type ReceivedSource = (typeof RECEIVED_SOURCES)[number]

/** Moments of the work that are no phases: a crew reports them with the same buttons, and they move nothing. */
export const MARKS = ['staged', 'left-scene', 'landing-area', 'at-station', 'completed'] as const
export type Mark = (typeof MARKS)[number]
/** What a crew may report. */
export type Reportable = ReportablePhase | Mark

/** The moments of one unit's response, in the order in which they come, each one of NEMSIS eTimes (`domain/trip/e-times.ts`). */
export const RESPONSE_TIMES = [
  'notified',
  'acknowledged',
  'en-route',
  'staged',
  'on-scene',
  'at-patient',
  'left-scene',
  'landing-area',
  'at-destination',
  'transferred',
  'back-in-service',
  'cancelled',
  'at-station',
  'completed',
] as const
export type ResponseTime = (typeof RESPONSE_TIMES)[number]

/** How a unit's response ended. */
export const RESPONSE_ENDS = ['closed', 'cancelled', 'withdrawn', 'overridden'] as const
export type ResponseEnd = (typeof RESPONSE_ENDS)[number]

/** Why nobody knows a moment of a response that was there. */
export const ABSENT_REASONS = ['implied', 'restarted', 'corrected'] as const
export type AbsentReason = (typeof ABSENT_REASONS)[number]

/** Why a moment of a response is another than it was said to be; closed, because events carry no free text. */
export const CORRECTION_REASONS = [
  'button-forgotten',
  'wrong-button',
  'never-happened',
  'clock-wrong',
  'radio-log',
  'crew-report',
  'other',
] as const
export type CorrectionReason = (typeof CORRECTION_REASONS)[number]

/** Phases a crew may skip without it counting as a missed button; whether they are missed tells the trip's end. */
export const OPTIONAL_PHASES: readonly TripPhase[] = ['at-patient', 'transferred']

/** `geofence`: the wheels, by the unit's fixes. Whatever a person says of the same moment counts before it. */
export const CAUSES = ['driver', 'dispatcher', 'system', 'geofence'] as const
export type Cause = (typeof CAUSES)[number]

/** `refused` leaves open whether care or transport; it is the word of older clients and records, and of who does not know. */
export const DISPOSITIONS = [
  'transported',
  'treated-on-scene',
  'refused',
  'no-patient-found',
  'transferred-to-other-unit',
  'cancelled-on-scene',
  'no-patient-contact',
  'non-patient',
  'assist',
  'evaluated-no-care',
  'refused-care',
  'refused-transport',
  'transported-by-other-unit',
] as const
/** How a trip that was worked on ended; on the axes of NEMSIS in `trip/disposition-axes.ts`. */
export type Disposition = (typeof DISPOSITIONS)[number]

/** Why a trip was cancelled; closed, because events carry no free text. */
export const CANCEL_REASONS = [
  'caller-cancelled',
  'duplicate-call',
  'no-longer-needed',
  'handled-elsewhere',
  'entered-in-error',
  'diverted',
  'unable-to-locate',
  'unsafe',
  'cancelled-by-crew',
  'other',
] as const
export type CancelReason = (typeof CANCEL_REASONS)[number]

/** Why a dispatcher overrode the desk's own choice. */
export const OVERRIDE_REASONS = [
  'higher-priority',
  'closer-unit',
  'better-suited',
  'crew-request',
  'supervisor-order',
  'coverage',
  'end-of-shift',
  'local-knowledge',
  ...UNFIT_REASONS,
  'other',
] as const
export type OverrideReason = (typeof OVERRIDE_REASONS)[number]

/** Why a unit is sent elsewhere. What makes it unfit for one trip does so for any: such a unit is withdrawn. */
export const DIVERT_REASONS = [
  'higher-priority',
  'closer-unit',
  'better-suited',
  'crew-request',
  'supervisor-order',
  'coverage',
  'end-of-shift',
  'local-knowledge',
  'other',
] as const satisfies readonly OverrideReason[]
export type DivertReason = (typeof DIVERT_REASONS)[number]

/** Why nobody is offered a trip that waits: a dispatcher keeps it, or the dispatcher's own order was not answered. */
export const HOLD_REASONS = ['dispatcher', 'order-unanswered'] as const
export type HoldReason = (typeof HOLD_REASONS)[number]

export const DECLINE_REASONS = [...UNFIT_REASONS, 'too-far', 'other'] as const
export type DeclineReason = (typeof DECLINE_REASONS)[number]

/** `ordered`: the crew is bound at the order and must acknowledge. `offered`: bound when it accepts, may decline. */
export const DISPATCH_MODES = ['ordered', 'offered'] as const
export type DispatchMode = (typeof DISPATCH_MODES)[number]

/** What a region makes of arrivals and departures that its units' wheels tell. */
export const ARRIVAL_MODES = ['off', 'suggest', 'automatic'] as const
export type ArrivalMode = (typeof ARRIVAL_MODES)[number]

/** What is done for a trip while no unit that it needs is free. `nearest-trained` is done beside the right unit, too. */
export const NONE_FREE = ['wait', 'send-lower', 'nearest-trained'] as const
export type NoneFree = (typeof NONE_FREE)[number]

/** What becomes of a trip: it waits for a unit again, or it is over. */
export const RELEASED_TRIPS = ['pending', 'cancelled'] as const
export type ReleasedTrip = (typeof RELEASED_TRIPS)[number]
