/** The units for a call that is being entered, the first to arrive first, and why the desk would not send some of them. */
import { useEffect, useState } from 'preact/hooks'
import type { LevelOfCare, NearestResult } from '../../client/index.ts'
import { age, distance, duration } from '../format.ts'
import { every, later } from '../passing-time.ts'
import type { Place, Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

const SHOWN = 9
/** A dispatcher who types is not asked for at each key; units move on meanwhile. */
const PAUSE_MS = 200
const AGAIN_MS = 5_000

export type Ranked = Pick<NearestResult, 'units' | 'basis'>
const NOBODY: Ranked = { units: [], basis: 'straight-line' }

/** Asks anew when the place or the level changes, and every few seconds. */
export function useRanked(shift: Shift, place: Place | null, levelOfCare: LevelOfCare): Ranked {
  const [ranked, setRanked] = useState(NOBODY)
  useEffect(() => {
    if (place === null) return setRanked(NOBODY)
    let isWanted = true
    const ask = async () => {
      const asked = shift.client.nearest({ ...place, k: SHOWN, levelOfCare }, { retry: false })
      const outcome = await asked.catch(() => null)
      if (isWanted && outcome !== null) setRanked(outcome.result)
    }
    const stopFirst = later(PAUSE_MS, () => void ask())
    const stopAgain = every(AGAIN_MS, () => void ask())
    return () => {
      isWanted = false
      stopFirst()
      stopAgain()
    }
  }, [shift, place?.lonDeg, place?.latDeg, levelOfCare])
  return ranked
}

interface RankedProps {
  readonly shift: Shift
  readonly ranked: Ranked
  /** Null: the desk chooses. */
  readonly chosen: string | null
  readonly choose: (unitId: string | null) => void
}

export function RankedUnits({ shift, ranked, chosen, choose }: RankedProps) {
  const { units, basis } = ranked
  return (
    <fieldset class="ranked">
      <legend>
        {t.call.ranked}
        {units.length > 0 && <small class="quiet"> {basis === 'roads' ? t.call.byRoad : t.call.straightLine}</small>}
      </legend>
      <p class="quiet">
        {shift.place === null ? t.call.rankedLater : units.length === 0 ? t.call.noneFree : t.call.rankedHint}
      </p>
      {units.length > 0 && (
        <label class="unit-choice">
          <input type="radio" name="unit" checked={chosen === null} onChange={() => choose(null)} />
          <b>{t.call.deskChooses}</b>
        </label>
      )}
      {units.map(({ unitId, callSign, levelOfCare, distanceM, etaMs, passedOverFor, fix }, index) => (
        <label key={unitId} class="unit-choice" title={passedOverFor === null ? undefined : t.call.notBest}>
          <input type="radio" name="unit" checked={chosen === unitId} onChange={() => choose(unitId)} />
          <kbd>{index + 1}</kbd>
          <b>{callSign}</b>
          <span class="quiet">{word('level', levelOfCare)}</span>
          <span class="grow">
            {passedOverFor !== null && <em class="late">{word('reason', passedOverFor)}</em>}
            {fix.freshness !== 'fresh' && (
              <em class="doubtful">
                {' '}
                {t.map.staleKey} {age(fix.ageMs)}
              </em>
            )}
          </span>
          <span class="figures">{etaMs === undefined ? distance(distanceM) : duration(etaMs)}</span>
        </label>
      ))}
    </fieldset>
  )
}
