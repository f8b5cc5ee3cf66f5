/** What each unit that was sent did, and when: who said so, what was corrected, what does not fit. */
import { useState } from 'preact/hooks'
import { RESPONSE_TIMES, type ResponseView, type TripView } from '../../client/index.ts'
import { duration, timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { CorrectForm } from './correct-form.tsx'
import { TrackPlayer } from './track-player.tsx'
import { tripTexts } from './trip-texts.ts'

interface TimeLineProps {
  readonly shift: Shift
  readonly trip: TripView
}

export function TimeLine({ shift, trip }: TimeLineProps) {
  const responses = trip.responses.toReversed()
  return (
    <section aria-labelledby="time-line">
      <h3 id="time-line">{tripTexts.timeline}</h3>
      {responses.length === 0 && <p class="quiet">{tripTexts.noResponses}</p>}
      {responses.map(response => (
        <Response key={response.offerId} shift={shift} trip={trip} response={response} />
      ))}
    </section>
  )
}

function Response({ shift, trip, response }: TimeLineProps & { readonly response: ResponseView }) {
  const [isCorrecting, setCorrecting] = useState(false)
  const { unitId, etaMs, end, times } = response
  const { timeZone } = shift.info
  const said = RESPONSE_TIMES.flatMap(time => {
    const moment = times[time]
    return moment === undefined ? [] : [{ time, moment }]
  })
  return (
    <div class={end === null ? 'response' : 'response ended'}>
      <p>
        <b>{shift.callSign(unitId)}</b>
        {end !== null && <span class="quiet"> · {end}</span>}
        {etaMs !== undefined && <span class="quiet"> · {tripTexts.eta(duration(etaMs))}</span>}
      </p>
      <ol class="times">
        {said.map(({ time, moment }) => (
          <li key={time} data-time={time}>
            <time class="figures">
              {moment.atMs === null ? tripTexts.unknownTime : timeOfDay(moment.atMs, timeZone)}
            </time>
            <span>{word('time', time)}</span>
            <small class="quiet">
              {moment.atMs !== null && `+${duration(moment.atMs - trip.receivedAtMs)}`}
              {moment.cause !== 'driver' && ` · ${moment.cause}`}
              {moment.wheelsAtMs !== undefined &&
                moment.cause !== 'geofence' &&
                ` · ${tripTexts.wheels(timeOfDay(moment.wheelsAtMs, timeZone))}`}
              {moment.lateEvidence === true && ` · ${tripTexts.lateEvidence}`}
              {moment.otherAtMs !== undefined && ` · ${tripTexts.otherWord(timeOfDay(moment.otherAtMs, timeZone))}`}
              {moment.corrected !== undefined && ` · ${tripTexts.corrected(word('reason', moment.corrected))}`}
              {moment.implausible === true && <em class="late"> · {tripTexts.implausible}</em>}
            </small>
          </li>
        ))}
      </ol>
      <p class="row">
        <button type="button" aria-expanded={isCorrecting} onClick={() => setCorrecting(!isCorrecting)}>
          {tripTexts.correctTime}
        </button>
        {shift.role === 'supervisor' && <TrackPlayer shift={shift} response={response} />}
      </p>
      {isCorrecting && (
        <CorrectForm shift={shift} tripId={trip.tripId} response={response} back={() => setCorrecting(false)} />
      )}
    </div>
  )
}
