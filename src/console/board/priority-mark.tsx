/** A priority by number, colour and shape: urgent ones are filled; and a choice of one. */
import { PRIORITIES, type Priority } from '../../client/index.ts'
import { t } from '../strings.ts'

export const PriorityMark = ({ priority }: { readonly priority: number }) => (
  <span class={`priority p${priority}`} role="img" aria-label={`${t.board.priority} ${priority}`}>
    {priority}
  </span>
)

interface PriorityChoiceProps {
  readonly legend: string
  readonly priority: Priority
  readonly take: (priority: Priority) => void
}

export const PriorityChoice = ({ legend, priority: chosen, take }: PriorityChoiceProps) => (
  <fieldset class="priorities">
    <legend>{legend}</legend>
    {PRIORITIES.map(priority => (
      <label key={priority} class={`priority p${priority}`}>
        <input
          type="radio"
          name="priority"
          value={priority}
          checked={chosen === priority}
          onChange={() => take(priority)}
        />
        {priority}
      </label>
    ))}
  </fieldset>
)
