/** What a call needs: priority, problem, level of care, how many units, and what they must have. */
import { LEVELS_OF_CARE, type LevelOfCare } from '../../client/index.ts'
import { PriorityChoice } from '../board/priority-mark.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import type { Draft } from './draft.ts'

interface NeededProps {
  readonly shift: Shift
  readonly draft: Draft
  readonly set: (change: Partial<Draft>) => void
  /** A unit is sent already: what it must be stands. */
  readonly isSent: boolean
}

export function NeededFields({ shift, draft, set, isSent }: NeededProps) {
  return (
    <>
      <PriorityChoice legend={t.call.priority} priority={draft.priority} take={priority => set({ priority })} />
      <div class="row">
        <label class="grow">
          {t.call.problem}
          <input
            name="problem"
            maxLength={64}
            placeholder={t.call.problemHint}
            value={draft.problem}
            onInput={event => set({ problem: event.currentTarget.value })}
          />
        </label>
        <label>
          {t.call.level}
          <select
            name="level"
            disabled={isSent}
            value={draft.level}
            onChange={event => set({ level: event.currentTarget.value as LevelOfCare })}
          >
            {LEVELS_OF_CARE.map(level => (
              <option key={level} value={level}>
                {word('level', level)}
              </option>
            ))}
          </select>
        </label>
        <label class="narrow">
          {t.call.unitsNeeded}
          <input
            name="count"
            type="number"
            min={1}
            max={8}
            disabled={isSent}
            value={draft.count}
            onInput={event => set({ count: Math.max(1, Math.min(8, Number(event.currentTarget.value) || 1)) })}
          />
        </label>
      </div>
      {!isSent && <Vehicle shift={shift} draft={draft} set={set} isSent={isSent} />}
    </>
  )
}

function Vehicle({ shift, draft, set }: NeededProps) {
  const known = [...new Set([...shift.board.units.values()].flatMap(({ capabilities }) => capabilities))].sort()
  return (
    <div class="row centre">
      <label class="check">
        <input
          type="checkbox"
          checked={draft.transport}
          onChange={event => set({ transport: event.currentTarget.checked })}
        />
        {t.call.carries}
      </label>
      <label class="grow">
        <span class="hidden">{t.desk.call.equipment}</span>
        <input
          name="equipment"
          list="known-equipment"
          autocomplete="off"
          placeholder={t.desk.call.equipment}
          value={draft.equipment}
          onInput={event => set({ equipment: event.currentTarget.value })}
        />
      </label>
      <datalist id="known-equipment">
        {known.map(each => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </div>
  )
}
