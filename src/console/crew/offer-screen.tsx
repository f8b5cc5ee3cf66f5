/** An order or offer over the whole screen, with the time that is left to answer it. It rings until it is answered. */
import { useEffect, useState } from 'preact/hooks'
import { DECLINE_REASONS, type OfferView, type TripView } from '../../client/index.ts'
import { duration } from '../format.ts'
import { every } from '../passing-time.ts'
import { word } from '../spoken-words.ts'
import { ChoiceList } from './choice-list.tsx'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'
import { TripFacts } from './trip-facts.tsx'

interface OfferScreenProps {
  readonly shift: CrewShift
  readonly trip: TripView
  readonly offer: OfferView
}

const RING_EVERY_MS = 3_000

export function OfferScreen({ shift, trip, offer }: OfferScreenProps) {
  const [isDeclining, setDeclining] = useState(false)
  const isAnswered = shift.pressed.some(({ about }) => about === offer.offerId)
  useEffect(() => {
    if (!isAnswered) return every(RING_EVERY_MS, () => shift.alert.ring())
  }, [isAnswered, shift])
  const isOrder = offer.mode === 'ordered'
  const kind = isOrder ? say.order.ordered : say.order.offered
  const about = offer.offerId
  if (isAnswered) return <p class="words doubtful">{say.order.declined}</p>
  if (isDeclining)
    return (
      <ChoiceList
        title={say.order.whyDecline}
        choices={DECLINE_REASONS}
        wordOf={reason => word('reason', reason)}
        choose={reason => {
          const what = `${say.order.decline.replace(' …', '')}: ${word('reason', reason)}`
          void shift.press(what, () => shift.client.declineOffer(offer.offerId, reason), { about })
          setDeclining(false)
        }}
        back={() => setDeclining(false)}
      />
    )
  const accept = isOrder ? say.order.acknowledge : say.order.accept
  const leftMs = offer.deadlineAtMs - shift.client.regionNowMs()
  return (
    <section class="offer" data-offer={offer.offerId}>
      <p class="hidden" role="alert">
        {say.order.announced(trip.priority, trip.problem ?? say.order.noProblem)}
      </p>
      <h2>{kind}</h2>
      <p class="deadline figures" role="timer">
        {leftMs > 0 ? say.order.answerIn(duration(leftMs)) : say.order.over}
      </p>
      <TripFacts shift={shift} trip={trip} />
      {trip.unitId !== shift.unitId && <p class="quiet">{say.order.afterAcceptance}</p>}
      <div class="bottom">
        <button
          type="button"
          class="huge primary"
          data-button="accept"
          onClick={() =>
            void shift.press(accept, () => shift.client.acceptOffer(offer.offerId), { about, brings: 'assigned' })
          }
        >
          {accept}
        </button>
        {!isOrder && (
          <button type="button" class="big" data-button="decline" onClick={() => setDeclining(true)}>
            {say.order.decline}
          </button>
        )}
      </div>
    </section>
  )
}
