/** The units for a call that is being entered, the first to arrive first, and why the desk would not send some of them. */
import { useEffect, useState } from 'preact/hooks'
import type { LevelOfCare, NearestResult, NearestUnit, NewCall, UnitView } from '../../client/index.ts'
import { age, distance, duration } from '../format.ts'
import { every, later } from '../passing-time.ts'
import type { Place, Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { NotFree } from './not-free.tsx'

/** As many as have a key, of more than these, since some may lack what the call needs. */
const SHOWN = 9
const ASKED = 20
/** A dispatcher who types is not asked for at each key; units move on meanwhile. */
const PAUSE_MS = 200
const AGAIN_MS = 5_000

type Need = NewCall['needs'][number]
export type Ranked = Pick<NearestResult, 'units' | 'basis'>
const NOBODY: Ranked = { units: [], basis: 'straight-line' }

/** Asks anew when the place or the level changes, and every few seconds. */
export function useRanked(shift: Shift, place: Place | null, levelOfCare: LevelOfCare): Ranked {
  const [ranked, setRanked] = useState(NOBODY)
  useEffect(() => {
    if (place === null) return setRanked(NOBODY)
    let isWanted = true
    const ask = async () => {
      const asked = shift.client.nearest({ ...place, k: ASKED, levelOfCare }, { retry: false })
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

interface RankedUnit {
  readonly unit: NearestUnit
  /** Why the desk would not send it; null where it would. */
  readonly reason: string | null
}

/** Those who could go, the first to arrive first, then those who could not, likewise. */
export function rankedFor({ board }: Pick<Shift, 'board'>, { units }: Ranked, need: Need): RankedUnit[] {
  const all = units.map(unit => ({ unit, reason: unit.passedOverFor ?? lackOf(board.units.get(unit.unitId), need) }))
  return [...all.filter(({ reason }) => reason === null), ...all.filter(({ reason }) => reason !== null)].slice(
    0,
    SHOWN,
  )
}

/** The question names the level of care alone; the rest of the need is compared here. */
function lackOf(unit: UnitView | undefined, need: Need): string | null {
  if (unit === undefined) return null
  if (need.transport === true && !unit.transports) return 'cannot-transport'
  return need.capabilities.some(each => !unit.capabilities.includes(each)) ? 'capability' : null
}

interface RankedProps {
  readonly shift: Shift
  readonly ranked: Ranked
  readonly need: Need
  /** Null: the desk chooses. */
  readonly chosen: string | null
  readonly choose: (unitId: string | null) => void
}

export function RankedUnits({ shift, ranked, need, chosen, choose }: RankedProps) {
  const units = rankedFor(shift, ranked, need)
  return (
    <fieldset class="ranked">
      <legend>
        {t.call.ranked}
        {units.length > 0 && (
          <small class="quiet"> {ranked.basis === 'straight-line' ? t.call.straightLine : t.call.byRoad}</small>
        )}
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
      {units.map((each, index) => (
        <UnitChoice key={each.unit.unitId} at={index + 1} ranked={each} chosen={chosen} choose={choose} />
      ))}
      {shift.place !== null && <NotFree shift={shift} />}
    </fieldset>
  )
}

interface ChoiceProps extends Pick<RankedProps, 'chosen' | 'choose'> {
  readonly at: number
  readonly ranked: RankedUnit
}

function UnitChoice({ at, ranked: { unit, reason }, chosen, choose }: ChoiceProps) {
  const { unitId, callSign, levelOfCare, distanceM, etaMs, fix } = unit
  return (
    <label class="unit-choice" title={reason === null ? undefined : t.call.notBest}>
      <input type="radio" name="unit" checked={chosen === unitId} onChange={() => choose(unitId)} />
      <kbd>{at}</kbd>
      <b>{callSign}</b>
      <span class="quiet">{word('level', levelOfCare)}</span>
      <span class="grow">
        {reason !== null && <em class="late">{word('reason', reason)} </em>}
        <span class="quiet parts">{partsOf(unit)}</span>
        {fix.freshness !== 'fresh' && (
          <em class="doubtful">
            {' '}
            {t.map.staleKey} {age(fix.ageMs)}
          </em>
        )}
      </span>
      <span class="figures">{etaMs === undefined ? distance(distanceM) : duration(etaMs)}</span>
    </label>
  )
}

/** What its time is made of, where it is not the drive alone. */
function partsOf({ etaMs, turnoutMs = 0, unsureMs = 0, estimated }: NearestUnit): string {
  if (etaMs === undefined) return ''
  const drive = duration(etaMs - turnoutMs - unsureMs)
  const parts = [
    turnoutMs > 0 ? t.desk.call.turnout(duration(turnoutMs)) : null,
    unsureMs > 0 ? t.desk.call.unsure(duration(unsureMs)) : null,
  ].filter(each => each !== null)
  const said = parts.length === 0 ? [] : [[drive, ...parts].join(' + ')]
  return [...said, ...(estimated === undefined ? [] : [word('estimated', estimated)])].join(' · ')
}
