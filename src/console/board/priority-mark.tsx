/** A priority by number, colour and shape: urgent ones are filled. */
import { t } from '../strings.ts'

export const PriorityMark = ({ priority }: { readonly priority: number }) => (
  <span class={`priority p${priority}`} role="img" aria-label={`${t.board.priority} ${priority}`}>
    {priority}
  </span>
)
