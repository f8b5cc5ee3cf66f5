/** By what a dispatcher wants to be told of a new alarm beside the board: off until it is chosen, remembered on this device. */
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

export function TellMe({ shift: { bell } }: { readonly shift: Shift }) {
  useTopic(bell.changes)
  const { tellBy, isHindered } = bell
  const isOn = tellBy.sound || tellBy.notification
  const choice = (by: 'sound' | 'notification') => (
    <label class="check">
      <input
        type="checkbox"
        name={`tell-${by}`}
        checked={tellBy[by]}
        onChange={event => void bell.choose({ [by]: event.currentTarget.checked })}
      />
      {t.desk.alarm[by]}
    </label>
  )
  return (
    <details class="tell-me">
      <summary>
        {t.desk.alarm.tell}: {isOn ? t.desk.alarm.on : t.desk.alarm.off}
      </summary>
      <div>
        {choice('sound')}
        {isHindered.sound && <p class="doubtful">{t.desk.alarm.touch}</p>}
        {choice('notification')}
        {isHindered.notification && <p class="doubtful">{t.desk.alarm.refused}</p>}
      </div>
    </details>
  )
}
