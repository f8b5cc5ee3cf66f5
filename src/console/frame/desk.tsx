/** The desk: bar, board, panel and map, and the keys that work everywhere. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { AlarmList } from '../board/alarm-list.tsx'
import { LogList } from '../board/log-list.tsx'
import { EVERY_TRIP, nextView } from '../board/trip-filter.ts'
import { TripsTab } from '../board/trips-tab.tsx'
import { UnitTable } from '../board/unit-table.tsx'
import { CallForm } from '../call/call-form.tsx'
import { MapView } from '../map/map-view.tsx'
import { RadioPanel } from '../radio/radio-panel.tsx'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { ConnectionBanner } from './connection.tsx'
import { deskKeys, type Tab } from './desk-keys.ts'
import { HelpSheet } from './help-sheet.tsx'
import { LoadedPart } from './loaded-part.tsx'
import { OutcomeList } from './outcome-list.tsx'
import { nextTheme } from './theme.ts'
import { TopBar } from './top-bar.tsx'

interface DeskProps {
  readonly shift: Shift
  readonly leave: () => void
  readonly office: () => void
}

const loadTrip = () => import('../trip/trip-panel.tsx').then(({ TripPanel }) => TripPanel)

export function DeskPage({ shift, leave, office }: DeskProps) {
  useTopic(shift.choices)
  const [tab, setTab] = useState<Tab>('trips')
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [filter, setFilter] = useState(EVERY_TRIP)
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const keys = deskKeys(shift, {
      help: () => setHelpOpen(isOpen => !isOpen),
      closeHelp: () => setHelpOpen(false),
      tab: setTab,
      focus: selector => root.current?.querySelector<HTMLElement>(selector)?.focus(),
      press: selector => root.current?.querySelector<HTMLElement>(selector)?.click(),
      theme: () => void nextTheme(),
      office,
      view: () => setFilter(now => ({ ...now, view: nextView(now.view) })),
      priority: priority => setFilter(now => ({ ...now, priority: now.priority === priority ? null : priority })),
    })
    addEventListener('keydown', keys)
    return () => removeEventListener('keydown', keys)
  }, [shift, office])
  const { panel } = shift
  return (
    <div class={`desk ${panel.is === 'none' ? '' : 'with-panel'}`} ref={root}>
      <a class="skip" href="#board">
        {t.frame.skip}
      </a>
      <TopBar shift={shift} leave={leave} office={office} help={() => setHelpOpen(true)} />
      <ConnectionBanner shift={shift} leave={leave} />
      <main class="board" id="board" tabIndex={-1} aria-label={t.frame.board}>
        <AlarmList shift={shift} />
        <div class="tabs">
          <div role="tablist" aria-label={t.frame.board}>
            <TabButton is="trips" tab={tab} setTab={setTab} />
            <TabButton is="units" tab={tab} setTab={setTab} />
            <TabButton is="log" tab={tab} setTab={setTab} />
          </div>
          <input
            class="filter"
            type="search"
            aria-label={t.board.filter}
            placeholder={t.board.filterHint}
            value={filter.text}
            onInput={({ currentTarget: { value: text } }) => setFilter(now => ({ ...now, text }))}
          />
        </div>
        <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
          {tab === 'trips' && <TripsTab shift={shift} filter={filter} setFilter={setFilter} />}
          {tab === 'units' && <UnitTable shift={shift} filter={filter.text} />}
          {tab === 'log' && <LogList shift={shift} />}
        </div>
      </main>
      {panel.is === 'call' && <CallForm shift={shift} />}
      {panel.is === 'radio' && <RadioPanel shift={shift} unitId={panel.unitId} />}
      {panel.is === 'trip' && <LoadedPart load={loadTrip} of={panel.tripId} props={{ shift, tripId: panel.tripId }} />}
      <MapView shift={shift} />
      <OutcomeList outcomes={shift.outcomes} />
      {isHelpOpen && <HelpSheet close={() => setHelpOpen(false)} />}
    </div>
  )
}

interface TabProps {
  readonly is: Tab
  readonly tab: Tab
  readonly setTab: (tab: Tab) => void
}

const TabButton = ({ is, tab, setTab }: TabProps) => (
  <button
    type="button"
    role="tab"
    id={`tab-${is}`}
    aria-selected={tab === is}
    aria-controls="tab-panel"
    onClick={() => setTab(is)}
  >
    {t.frame[is]}
  </button>
)
