/** Looks for streets and crossings by what is typed: the engine is asked after each pause, and the newest answer counts. */
import { useEffect, useState } from 'preact/hooks'
import { CommandRefused, type FoundPlaceView, placeInDegrees } from '../../client/index.ts'
import { later } from '../passing-time.ts'
import type { Place, Shift } from '../shift.ts'

const SHOWN = 7
/** A dispatcher who types is not asked for at each key. */
const PAUSE_MS = 120
const FROM_CHARS = 3

export interface FoundNow {
  readonly state: 'idle' | 'asking' | 'found' | 'none' | 'no-roads'
  readonly places: readonly FoundPlaceView[]
}

const IDLE: FoundNow = { state: 'idle', places: [] }

/** Input: a text that is no coordinates; an empty one asks for nothing. */
export function useFoundPlaces(shift: Shift, text: string): FoundNow {
  const [found, setFound] = useState(IDLE)
  const asked = text.trim()
  useEffect(() => {
    // Of numbers alone nobody knows yet whether they become coordinates.
    if (asked.length < FROM_CHARS || !/\p{L}/u.test(asked)) return setFound(IDLE)
    let isWanted = true
    const stop = later(PAUSE_MS, () => {
      shift.client.findPlace(asked, { k: SHOWN, retry: false }).then(
        ({ result: { places } }) => isWanted && setFound({ state: places.length === 0 ? 'none' : 'found', places }),
        error => {
          if (!isWanted) return
          const isWithoutRoads = error instanceof CommandRefused && error.code === 'no-roads'
          setFound({ state: isWithoutRoads ? 'no-roads' : 'idle', places: [] })
        },
      )
    })
    return () => {
      isWanted = false
      stop()
    }
  }, [shift, asked])
  return found
}

export const foundPlaceOf = (found: FoundPlaceView): Place => placeInDegrees(found)
export const nameOf = ({ names }: FoundPlaceView): string => names.join(' / ')
/** In hundredths. */
export const sureOf = ({ confidence }: FoundPlaceView): number => Math.round(confidence * 100)
