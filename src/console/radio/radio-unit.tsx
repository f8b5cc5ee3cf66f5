/** Which unit calls: its call sign, typed until it is the only one or the first; off duty ones too, since they sign on. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { UnitView } from '../../client/index.ts'
import { StatusMark } from '../map/status-mark.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

const SHOWN = 8

interface RadioUnitProps {
  readonly shift: Shift
  readonly isNamed: boolean
}

export function RadioUnit({ shift, isNamed }: RadioUnitProps) {
  const [typed, setTyped] = useState('')
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    if (!isNamed) field.current?.focus()
  }, [isNamed])
  const found = typed.trim() === '' ? [] : unitsNamed(shift, typed).slice(0, SHOWN)
  const choose = (unit: UnitView | undefined) => {
    if (unit === undefined) return
    setTyped('')
    shift.open({ is: 'radio', unitId: unit.unitId })
  }
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        choose(found[0])
      }}
    >
      <label>
        {isNamed ? t.radio.anotherUnit : t.radio.unit}
        <input
          ref={field}
          name="radio-unit"
          autocomplete="off"
          placeholder={t.radio.unitHint}
          value={typed}
          onInput={event => setTyped(event.currentTarget.value)}
        />
      </label>
      {typed.trim() !== '' && found.length === 0 && <p role="status">{t.radio.noUnit}</p>}
      {found.length > 0 && (
        <ul class="keys">
          {found.map((unit, index) => (
            <li key={unit.unitId}>
              <button type="button" onClick={() => choose(unit)}>
                {index === 0 && <kbd>Enter</kbd>} {unit.callSign} <StatusMark status={unit.status} />{' '}
                <small>{word('status', unit.status)}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </form>
  )
}

/** Those whose call sign or id begins so come first, then those that have it anywhere. */
function unitsNamed(shift: Shift, typed: string): UnitView[] {
  const text = plain(typed)
  const rank = ({ callSign, unitId }: UnitView) => {
    const names = [plain(callSign), plain(unitId)]
    return names.includes(text) ? 0 : names.some(name => name.startsWith(text)) ? 1 : 2
  }
  return [...shift.board.units.values()]
    .filter(
      ({ callSign, unitId, retired }) => !retired && (plain(callSign).includes(text) || plain(unitId).includes(text)),
    )
    .sort((a, b) => rank(a) - rank(b) || a.callSign.localeCompare(b.callSign, 'en', { numeric: true }))
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '')
