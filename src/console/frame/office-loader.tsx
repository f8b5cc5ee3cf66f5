/** The pages of supervisors and administrators are loaded when somebody opens them: a desk's first load is without them. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { OfficePageProps } from '../office/office-page.tsx'
import { t } from '../strings.ts'

export function OfficeLoader(props: OfficePageProps) {
  const [Page, setPage] = useState<ComponentType<OfficePageProps> | null>(null)
  const [isMissing, setMissing] = useState(false)
  useEffect(() => {
    import('../office/office-page.tsx').then(
      ({ OfficePage }) => setPage(() => OfficePage),
      () => setMissing(true),
    )
  }, [])
  if (Page !== null) return <Page {...props} />
  return (
    <main class="sign-in">
      <p role={isMissing ? 'alert' : 'status'}>{isMissing ? t.frame.partMissing : t.connection.loading}</p>
    </main>
  )
}
