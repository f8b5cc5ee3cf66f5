/** A part of the page that is loaded when it is shown first, so that the board need not wait for it. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { t } from '../strings.ts'

interface LoadedPartProps<Props> {
  readonly load: () => Promise<ComponentType<Props>>
  readonly props: Props
  /** What is shown anew when this changes. */
  readonly of: string
}

export function LoadedPart<Props>({ load, props, of }: LoadedPartProps<Props>) {
  const [part, setPart] = useState<{ readonly Shown: ComponentType<Props> } | null>(null)
  const [isMissing, setMissing] = useState(false)
  useEffect(() => {
    let isWanted = true
    load().then(
      Shown => isWanted && setPart({ Shown }),
      () => isWanted && setMissing(true),
    )
    return () => {
      isWanted = false
    }
  }, [load])
  if (part !== null) return <part.Shown key={of} {...(props as Props & object)} />
  return <aside class="panel empty">{isMissing ? t.frame.partMissing : t.trip.loading}</aside>
}
