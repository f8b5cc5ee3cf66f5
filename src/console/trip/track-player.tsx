/** Reads the track of a unit's work on a trip, and plays it on the map. */
import type { ResponseView } from '../../client/index.ts'
import { timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { tripTexts } from './trip-texts.ts'

interface TrackProps {
  readonly shift: Shift
  readonly response: ResponseView
}

export function TrackPlayer({ shift, response }: TrackProps) {
  const { track } = shift
  useTopic(track.changes)
  const { shown } = track
  if (shown?.offerId !== response.offerId) {
    return (
      <button type="button" title={tripTexts.tracking} onClick={() => void open(shift, response)}>
        {tripTexts.track}
      </button>
    )
  }
  const [first, last] = [shown.fixes[0], shown.fixes.at(-1)]
  if (first === undefined || last === undefined) return <p class="quiet">{tripTexts.noTrack}</p>
  return (
    <>
      <div class="track-player" data-fixes={shown.fixes.length}>
        <button type="button" onClick={() => (track.isPlaying ? track.pause() : track.play())}>
          {track.isPlaying ? tripTexts.pause : tripTexts.play}
        </button>
        <input
          type="range"
          aria-label={tripTexts.moment}
          min={first.fixedAtMs}
          max={last.fixedAtMs}
          value={track.atMs}
          onInput={event => track.seek(Number(event.currentTarget.value))}
        />
        <time class="figures">{timeOfDay(track.atMs, shift.info.timeZone)}</time>
        <button type="button" onClick={() => track.close()}>
          {t.trip.close}
        </button>
      </div>
      {!shown.isWhole && <p class="quiet">{tripTexts.moreTrack}</p>}
    </>
  )
}

async function open(shift: Shift, { offerId, unitId, offeredAtMs, times }: ResponseView): Promise<void> {
  const toMs = times['back-in-service']?.atMs ?? shift.nowMs()
  try {
    await shift.track.open(offerId, unitId, offeredAtMs, toMs)
  } catch (error) {
    shift.outcomes.say('refused', t.outcome.failed(tripTexts.track, (error as Error).message))
  }
}
