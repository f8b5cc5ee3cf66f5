/** The statistics of a region: by which contract responses are judged, and what is told of a window of time. */

export const RESPONSE_STARTS = ['received', 'entered', 'notified'] as const
export const RESPONSE_ROUNDINGS = ['exact', 'down', 'up', 'nearest'] as const
export const RESPONSE_COUNTS = ['any', 'transport', 'level'] as const
export const CANCELLED_CALLS = ['judged', 'left-out'] as const

/** What `views.response_fractiles` is asked. */
export interface ResponseContract {
  readonly limitMs: number
  /** Of the calls, 0 to 1, that has to be within the limit. */
  readonly share: number
  readonly start: (typeof RESPONSE_STARTS)[number]
  readonly rounding: (typeof RESPONSE_ROUNDINGS)[number]
  readonly counts: (typeof RESPONSE_COUNTS)[number]
  /** A unit at its staging point has arrived. */
  readonly staged: boolean
  readonly cancelled: (typeof CANCELLED_CALLS)[number]
  /** Null: of any. */
  readonly priorities: readonly number[] | null
  /** Corners in decimal degrees; null: anywhere. */
  readonly zone: readonly (readonly [lonDeg: number, latDeg: number])[] | null
}

/** Parts of a window: as many as a chart can show. */
export const SLOTS = ['hour', 'day', 'month'] as const

/** Of one part of the calls. Times are milliseconds, null where no call can be judged. */
export interface PartFigures {
  readonly calls: number
  /** Those that can be judged, */
  readonly samples: number
  /** and of them those within the limit. */
  readonly within: number
  readonly share: number | null
  readonly isMet: boolean | null
  readonly p50Ms: number | null
  readonly p90Ms: number | null
  readonly maxMs: number | null
  readonly cancelled: number
  readonly open: number
  /** Of which nobody knows a time. */
  readonly unknown: number
}

/** Times of one kind: what shares of them do not exceed. */
interface SpanTimes {
  readonly p50Ms: number | null
  readonly p90Ms: number | null
  readonly maxMs: number | null
}

/** In the window: with a crew, and of that from a notification to the unit's return to service. */
export interface UnitWork {
  readonly unitId: string
  readonly callSign: string
  readonly staffedMs: number
  readonly committedMs: number
  readonly responses: number
}

export interface AlarmFigures {
  readonly raised: number
  readonly busiestTenMinutes: number
  /** Times are from the alarm until somebody took it on. */
  readonly byKind: readonly (SpanTimes & {
    readonly kind: string
    readonly raised: number
    readonly acknowledged: number
  })[]
  readonly byPrincipal: readonly { readonly principal: string; readonly acknowledged: number }[]
}

export interface StatisticsView {
  readonly region: string
  readonly fromMs: number
  readonly toMs: number
  readonly slot: (typeof SLOTS)[number]
  /** The position of the log that all figures have all of, and nothing behind it. */
  readonly asOfPosition: number
  /** Of the record there; null where there is none. */
  readonly asOfMs: number | null
  readonly contract: ResponseContract
  readonly response: {
    readonly all: PartFigures
    readonly byPriority: readonly (PartFigures & { readonly priority: number })[]
    /** Slots without a call are left out. */
    readonly bySlot: readonly (PartFigures & { readonly fromMs: number })[]
    readonly byArea: readonly (PartFigures & { readonly stationId: string; readonly name: string })[]
    /** Open calls that are over the limit already. */
    readonly lateNow: number
  }
  readonly turnout: SpanTimes & { readonly count: number }
  readonly turnaround: SpanTimes & { readonly count: number }
  readonly units: readonly UnitWork[]
  readonly alarms: AlarmFigures
}
