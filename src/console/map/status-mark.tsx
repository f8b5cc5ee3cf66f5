/** The mark of a status as the map draws it; its word stands beside it. */
import { shapeOf } from './unit-shapes.ts'

export function StatusMark({ status }: { readonly status: string }) {
  const { path, colour, isHollow } = shapeOf(status)
  const paint = `var(${colour})`
  return (
    <svg class="status-mark" viewBox="0 0 24 24" width="14" height="14" aria-hidden="true">
      <path
        d={path}
        fill={isHollow ? 'none' : paint}
        stroke={paint}
        stroke-width={isHollow ? 3.5 : 1.5}
        stroke-linejoin="round"
      />
    </svg>
  )
}
