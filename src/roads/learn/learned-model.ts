/**
 * A travel model from what a region has really driven: how much slower or quicker than the usual model it is, by class of road, band
 * of hours and siren.
 *
 * First one factor for each of siren and none, then one for each class, then one for each class in each band, every step held to the
 * one before: what was little driven keeps the factor of what it belongs to, and what was never driven that of the usual model.
 */
import type { HourBand, TravelModel } from '../times/travel-model.ts'
import { type ClassFactors, factorOf, LEAST_FACTOR, MOST_FACTOR } from '../times/travel-model.ts'
import { classFactors, wholeFactor } from './class-factors.ts'
import type { DrivenLeg } from './driven-legs.ts'

/** The legs of one drive, said by the network's own times for siren or none, without any factor. */
export interface LearnedDrive {
  /** Its place in the model's bands; -1 outside of all of them. */
  readonly band: number
  readonly hasSiren: boolean
  readonly legs: readonly DrivenLeg[]
}

/** What each step counts as driven already, at the factor of the step before. */
const WHOLE_PRIOR_MS = 30 * 60_000
const CLASS_PRIOR_MS = 20 * 60_000

const OTHER_HOURS: HourBand = {
  name: 'other hours',
  spans: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], fromMin: 0, untilMin: 1_440 }],
  isPeak: false,
  ordinary: { otherwise: 1 },
  siren: { otherwise: 1 },
}

/**
 * Input: the names of the graph's classes, and the usual model, by whose bands the drives are counted. Output: a model with the same
 * bands and one for all other hours; what the source says of peak hours is in its factors, not beside them.
 */
export function learnedModel(
  classes: readonly string[],
  usual: TravelModel,
  drives: readonly LearnedDrive[],
): TravelModel {
  const bands = [...usual.bands, OTHER_HOURS]
  const bandOf = ({ band }: LearnedDrive) => (band < 0 ? bands.length - 1 : band)
  const learned = (hasSiren: boolean): ClassFactors[] => {
    const own = drives.filter(drive => drive.hasSiren === hasSiren)
    const usualIn = bands.map(({ ordinary, siren }) => {
      const factors = hasSiren ? siren : ordinary
      return classes.map(name => factorOf(factors, name))
    })
    const saidIn = (all: readonly LearnedDrive[]) =>
      all.flatMap(drive => drive.legs.map(leg => by(leg, usualIn[bandOf(drive)]!)))
    const legs = saidIn(own)
    const whole = wholeFactor(legs, 1, WHOLE_PRIOR_MS)
    const byClass = classFactors(
      legs,
      classes.map(() => whole),
      CLASS_PRIOR_MS,
    )
    return bands.map(({ ordinary, siren }, index) => {
      const ofBand = saidIn(own.filter(drive => bandOf(drive) === index))
      const factors = classFactors(ofBand, byClass, CLASS_PRIOR_MS)
      const otherwise = (hasSiren ? siren : ordinary).otherwise
      return {
        otherwise: within(otherwise * whole),
        byClass: Object.fromEntries(classes.map((name, at) => [name, within(usualIn[index]![at]! * factors[at]!)])),
      }
    })
  }
  const [ordinary, siren] = [learned(false), learned(true)]
  return {
    ...usual,
    bands: bands.map(({ name, spans }, index) => ({
      ...{ name, spans, isPeak: false },
      ...{ ordinary: ordinary[index]!, siren: siren[index]! },
    })),
  }
}

/** The same leg, by the usual model. */
const by = ({ realMs, saidMs }: DrivenLeg, usual: readonly number[]): DrivenLeg => ({
  realMs,
  saidMs: saidMs.map(([roadClass, ms]) => [roadClass, ms * usual[roadClass]!]),
})

/** Three digits: more would say more than is known. */
const within = (factor: number): number =>
  Math.round(Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, factor)) * 1_000) / 1_000
