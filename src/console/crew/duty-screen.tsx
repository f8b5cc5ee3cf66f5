/** Between trips: on and off duty, available or not, and why. */
import { useState } from 'preact/hooks'
import { UNAVAILABLE_REASONS, type UnitView } from '../../client/index.ts'
import { word } from '../spoken-words.ts'
import { ChoiceList } from './choice-list.tsx'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'

interface DutyScreenProps {
  readonly shift: CrewShift
  readonly unit: UnitView
}

/** `breakdown` is an older word for `vehicle-fault`. */
const REASONS = UNAVAILABLE_REASONS.filter(reason => reason !== 'breakdown')

export function DutyScreen({ shift, unit }: DutyScreenProps) {
  const [isChoosing, setChoosing] = useState(false)
  const { client } = shift
  if (!shift.isOnDuty) return <SignOnPart shift={shift} unit={unit} />
  if (isChoosing)
    return (
      <ChoiceList
        title={say.duty.why}
        choices={REASONS}
        wordOf={reason => word('reason', reason)}
        choose={reason => {
          setChoosing(false)
          const what = `${say.duty.unavailable.replace(' …', '')}: ${word('reason', reason)}`
          void shift.press(what, () => client.becomeUnavailable(reason))
        }}
        back={() => setChoosing(false)}
      />
    )
  const isFree = unit.status === 'available'
  const words = isFree
    ? say.duty.free
    : unit.status === 'standing-down'
      ? say.duty.standingDown
      : say.duty.away(word('reason', unit.unavailableReason ?? 'other'))
  return (
    <section class="duty">
      <p class="words">{words}</p>
      {!isFree && (
        <button
          type="button"
          class="big primary"
          data-button="available"
          onClick={() => void shift.press(say.duty.available, () => client.becomeAvailable())}
        >
          {say.duty.available}
        </button>
      )}
      {unit.status !== 'unavailable' && (
        <button type="button" class="big" data-button="unavailable" onClick={() => setChoosing(true)}>
          {say.duty.unavailable}
        </button>
      )}
      <button
        type="button"
        class="big"
        data-button="sign-off"
        onClick={() => void shift.press(say.duty.signOff, () => client.signOff())}
      >
        {say.duty.signOff}
      </button>
    </section>
  )
}

function SignOnPart({ shift, unit }: DutyScreenProps) {
  const what = say.duty.signOn(unit.callSign)
  return (
    <section class="duty">
      <p class="words">{unit.crew === null ? say.duty.offDuty : say.duty.relieve(unit.crew)}</p>
      <button
        type="button"
        class="big primary"
        data-button="sign-on"
        onClick={() => void shift.press(what, () => shift.client.signOn())}
      >
        {what}
      </button>
    </section>
  )
}
