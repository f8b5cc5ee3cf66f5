/** Sound, colours, the screen, and the way out. */
import { useState } from 'preact/hooks'
import { nextTheme } from '../frame/theme.ts'
import { kept } from '../kept.ts'
import { useTopic } from '../topic.ts'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'

interface CrewSettingsProps {
  readonly shift: CrewShift
  readonly leave: () => void
}

export function CrewSettings({ shift, leave }: CrewSettingsProps) {
  const { alert, awake, pressed } = shift
  useTopic(alert.changes)
  const [theme, setTheme] = useState(kept.theme())
  return (
    <>
      {/* Its room stays when it goes: what moves while a thumb is down is not what the thumb meant. */}
      <p class={alert.isOn && !alert.isReady ? 'quiet' : 'unseen'}>{say.settings.needsTouch}</p>
      <details class="crew-settings">
        <summary class="big">{say.settings.title}</summary>
        <label class="big">
          <input
            type="checkbox"
            name="sound"
            checked={alert.isOn}
            onChange={event => alert.turn(event.currentTarget.checked)}
          />{' '}
          {say.settings.sound}
        </label>
        <button type="button" class="big" onClick={() => setTheme(nextTheme())}>
          {say.settings.theme(say.settings.themes[theme])}
        </button>
        <p class="quiet">{awake.isOffered ? say.settings.awake : say.settings.sleeps}</p>
        <button type="button" class="big" disabled={pressed.length > 0} onClick={leave}>
          {say.settings.signOut}
        </button>
        {pressed.length > 0 && <p class="quiet">{say.settings.notYet}</p>}
      </details>
    </>
  )
}
