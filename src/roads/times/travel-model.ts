/**
 * How long an arc takes by hour and priority, as factors of what the network says.
 *
 * A network has the time of each arc in ordinary driving, made at its import from class and speed limit, and where the source
 * knows them the times with siren and at peak. The model multiplies them by class of road and band of hours.
 */
import { PRIORITIES, type Priority } from '../../domain/vocabulary.ts'

/** By class of road, as the network names it; `otherwise` for all others. */
export interface ClassFactors {
  readonly otherwise: number
  readonly byClass?: Readonly<Record<string, number>>
}

/** Hours of the local day that repeat every week. */
interface HourSpan {
  /** 1 Monday to 7 Sunday. */
  readonly weekdays: readonly number[]
  /** Minutes since local midnight, multiples of 15; `untilMin` is after `fromMin` and at most 1440. */
  readonly fromMin: number
  readonly untilMin: number
}

export interface HourBand {
  readonly name: string
  readonly spans: readonly HourSpan[]
  /** True where the times that the source has of peak hours, if any, take the place of `ordinary`. */
  readonly isPeak: boolean
  readonly ordinary: ClassFactors
  readonly siren: ClassFactors
}

export interface TravelModel {
  /** The first one whose hours it is; outside of all of them every factor is 1. */
  readonly bands: readonly HourBand[]
  /** Ordinary time by the time with siren, where the source has no times with siren. */
  readonly sirenFactor: number
  /** By priority: which share of the gain by siren is driven, from 0 to 1. */
  readonly sirenShare: Readonly<Record<Priority, number>>
}

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
const WEEKDAYS = [1, 2, 3, 4, 5]
const ALIKE: ClassFactors = { otherwise: 1 }

/**
 * Defaults, to be replaced by what a region measures of its own trips:
 *
 * - Peak, weekdays 7–10 and 16–19, without siren: speeds of occupied cabs in San Francisco by class of road, off-peak by peak
 *   (88.6/69.2, 26.0/23.0, 25.8/22.2, 25.6/21.8, 19.5/18.0 km/h); the classes of other sources by likeness.
 * - With siren peak hours hardly matter, and at night ambulances drive 22 % slower (97,000 runs of a German city,
 *   ISCRAM proceedings 238, doi 10.59297/a7t70e66). Night from 22 to 6 is a choice of ours.
 * - Siren: 4/3, the ratio of JEMSS's Manhattan; priorities 1 and 2 with siren, the others without, as JEMSS has it.
 */
export const USUAL_TRAVEL_MODEL: TravelModel = {
  bands: [
    {
      name: 'peak',
      spans: [
        { weekdays: WEEKDAYS, fromMin: 7 * 60, untilMin: 10 * 60 },
        { weekdays: WEEKDAYS, fromMin: 16 * 60, untilMin: 19 * 60 },
      ],
      isPeak: true,
      ordinary: {
        otherwise: 1.13,
        byClass: {
          ...classes(1.28, 'freeway', 'motorway', 'motorway_link', 'trunk', 'trunk_link', 'ramp'),
          ...classes(1.13, 'major', 'primary', 'primary_link', 'main', 'ring'),
          ...classes(1.16, 'arterial', 'secondary', 'secondary_link'),
          ...classes(1.17, 'collector', 'tertiary', 'tertiary_link'),
          ...classes(1.08, 'residential', 'living_street', 'unclassified', 'service', 'street'),
        },
      },
      siren: ALIKE,
    },
    {
      name: 'night',
      spans: [
        { weekdays: EVERY_DAY, fromMin: 22 * 60, untilMin: 24 * 60 },
        { weekdays: EVERY_DAY, fromMin: 0, untilMin: 6 * 60 },
      ],
      isPeak: false,
      ordinary: ALIKE,
      siren: { otherwise: 1.28 },
    },
  ],
  sirenFactor: 4 / 3,
  sirenShare: { 1: 1, 2: 1, 3: 0, 4: 0, 5: 0 },
}

const MAX_BANDS = 16
const MAX_SPANS = 32
const MAX_CLASSES = 256
export const LEAST_FACTOR = 0.2
export const MOST_FACTOR = 5

/** What is wrong with a model, and what would be right; null when nothing is. */
export function problemOfModel({ bands, sirenFactor, sirenShare }: TravelModel): string | null {
  if (bands.length > MAX_BANDS) return `It has ${bands.length} bands of hours; at most ${MAX_BANDS} fit.`
  if (!isFactor(sirenFactor) || sirenFactor < 1)
    return `sirenFactor is ${sirenFactor}; it goes from 1 to ${MOST_FACTOR}.`
  const share = PRIORITIES.find(priority => !(sirenShare[priority] >= 0 && sirenShare[priority] <= 1))
  if (share !== undefined) return `sirenShare of priority ${share} is ${sirenShare[share]}; it goes from 0 to 1.`
  for (const { name, spans, ordinary, siren } of bands) {
    if (spans.length > MAX_SPANS) return `Band ${name} has ${spans.length} spans; at most ${MAX_SPANS} fit.`
    if (!spans.every(isSpan))
      return `Band ${name} has a span that is none: weekdays are 1 to 7, minutes multiples of 15 from 0 to 1440, the later behind the earlier.`
    for (const { otherwise, byClass = {} } of [ordinary, siren]) {
      if (Object.keys(byClass).length > MAX_CLASSES) return `Band ${name} names more than ${MAX_CLASSES} classes.`
      const wrong = [otherwise, ...Object.values(byClass)].find(factor => !isFactor(factor))
      if (wrong !== undefined)
        return `Band ${name} has the factor ${wrong}; factors go from ${LEAST_FACTOR} to ${MOST_FACTOR}.`
    }
  }
  return null
}

export const factorOf = ({ otherwise, byClass }: ClassFactors, roadClass: string): number =>
  byClass !== undefined && Object.hasOwn(byClass, roadClass) ? byClass[roadClass]! : otherwise

function classes(factor: number, ...names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map(name => [name, factor]))
}

const isFactor = (factor: number): boolean => factor >= LEAST_FACTOR && factor <= MOST_FACTOR

const isSpan = ({ weekdays, fromMin, untilMin }: HourSpan): boolean =>
  weekdays.every(day => Number.isInteger(day) && day >= 1 && day <= 7) &&
  [fromMin, untilMin].every(minute => minute % 15 === 0 && minute >= 0 && minute <= 1_440) &&
  fromMin < untilMin
