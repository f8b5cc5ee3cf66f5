/** The pages of supervisors and administrators: one bar, one page at a time. */
import { useEffect, useState } from 'preact/hooks'
import type { SignIn } from '../../client/index.ts'
import { LoadedPart } from '../frame/loaded-part.tsx'
import { OutcomeList } from '../frame/outcome-list.tsx'
import { nextTheme } from '../frame/theme.ts'
import { kept } from '../kept.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { AuditPage } from './audit-page.tsx'
import { DevicesPage } from './devices-page.tsx'
import { EmptyService } from './empty-service.tsx'
import { HospitalsPage } from './hospitals-page.tsx'
import { Office } from './office.ts'
import { o } from './office-strings.ts'
import { PolicyPage } from './policy-page.tsx'
import { UnitsPage } from './units-page.tsx'
import { UsersPage } from './users-page.tsx'

export interface OfficePageProps {
  readonly signedIn: SignIn
  /** Null for an administrator, who has no board. */
  readonly shift: Shift | null
  /** Null where there is no board to go back to. */
  readonly back: (() => void) | null
  readonly leave: () => void
}

/** Charts come when they are looked at. */
const loadStatistics = () => import('../statistics/statistics-page.tsx').then(({ StatisticsPage }) => StatisticsPage)

type PageName = keyof typeof o.pages

/** Which pages there are for a role; each then says what may be changed. */
function pagesFor({ isAdmin, mayWrite }: Office): readonly PageName[] {
  if (isAdmin) return ['units', 'hospitals', 'policy', 'statistics', 'users', 'devices', 'audit']
  return mayWrite ? ['units', 'hospitals', 'policy', 'statistics', 'audit'] : ['units', 'hospitals', 'policy']
}

export function OfficePage({ signedIn, shift, back, leave }: OfficePageProps) {
  const [office] = useState(() => new Office(signedIn, shift))
  const [page, setPage] = useState<PageName>('units')
  useTopic(office.changes)
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return
      back?.()
    }
    addEventListener('keydown', keys)
    return () => removeEventListener('keydown', keys)
  }, [back])
  return (
    <div class="office">
      <OfficeBar office={office} page={page} setPage={setPage} back={back} leave={leave} />
      <main class="office-main" tabIndex={-1}>
        <h1 class="hidden">{o.title}</h1>
        {office.trouble !== null && (
          <p class="refusal" role="alert">
            {office.trouble}{' '}
            <button type="button" onClick={() => void office.readRegions()}>
              {o.again}
            </button>
          </p>
        )}
        {office.regions === null && office.trouble === null && <p class="quiet">{o.loading}</p>}
        {office.regions !== null && <PageOf office={office} page={page} />}
      </main>
      <OutcomeList outcomes={office.outcomes} />
    </div>
  )
}

function PageOf({ office, page }: { readonly office: Office; readonly page: PageName }) {
  const { region } = office
  switch (page) {
    case 'users':
      return <UsersPage office={office} region={region} />
    case 'devices':
      return <DevicesPage office={office} region={region} />
    case 'audit':
      return <AuditPage office={office} region={region} />
    default: {
      if (region === null) return <EmptyService office={office} />
      if (page === 'policy') return <PolicyPage office={office} region={region} />
      if (page === 'statistics') return <LoadedPart load={loadStatistics} props={{ office, region }} of={region} />
      const Listed = page === 'units' ? UnitsPage : HospitalsPage
      return (
        <>
          {!office.mayWrite && <p class="quiet">{page === 'hospitals' ? o.statusOnly : o.readOnly}</p>}
          <Listed key={region} office={office} region={region} />
        </>
      )
    }
  }
}

interface OfficeBarProps extends Pick<OfficePageProps, 'back' | 'leave'> {
  readonly office: Office
  readonly page: PageName
  readonly setPage: (page: PageName) => void
}

function OfficeBar({ office, page, setPage, back, leave }: OfficeBarProps) {
  const [theme, setTheme] = useState(kept.theme())
  const { regions, region } = office
  return (
    <header class="top-bar">
      <span class="brand">{t.product}</span>
      <nav class="row" aria-label={o.title}>
        {back !== null && (
          <button type="button" onClick={back}>
            ← {o.back} <kbd>Esc</kbd>
          </button>
        )}
        {pagesFor(office).map(each => (
          <button
            key={each}
            type="button"
            data-page={each}
            aria-current={each === page ? 'page' : undefined}
            onClick={() => setPage(each)}
          >
            {o.pages[each]}
          </button>
        ))}
      </nav>
      <span class="room" />
      {region !== null && office.shift === null && (
        <label class="row">
          {o.region}
          <select value={region} onChange={event => office.choose(event.currentTarget.value)}>
            {(regions ?? []).map(each => (
              <option key={each.region} value={each.region}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <button
        type="button"
        onClick={() => setTheme(nextTheme())}
        aria-label={t.frame.themeButton(t.frame.theme[theme])}
        title={t.frame.themeButton(t.frame.theme[theme])}
      >
        <span aria-hidden="true">◐</span>
      </button>
      <span class="user">
        {office.user} ({office.role})
      </span>
      <button type="button" onClick={leave}>
        {t.frame.signOut}
      </button>
    </header>
  )
}
