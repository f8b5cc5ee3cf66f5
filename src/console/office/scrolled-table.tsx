/** A table that scrolls sideways where the page is narrow. */
import type { ComponentChildren } from 'preact'

interface ScrolledTableProps {
  readonly title: string
  readonly labels: readonly string[]
  /** Behind the last label stands a column without one. */
  readonly hasActions?: boolean
  /** Its rows. */
  readonly children: ComponentChildren
}

export const ScrolledTable = ({ title, labels, hasActions = false, children }: ScrolledTableProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
  <section class="scroll" tabIndex={0} aria-label={title}>
    <table>
      <thead>
        <tr>
          {labels.map(label => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
          {hasActions && <td />}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </section>
)
