/** The bar at the top: where and when one works, how the connection is, how much goes on. */
import { useState } from 'preact/hooks'
import { dayOf, timeOfDay } from '../format.ts'
import { kept } from '../kept.ts'
import { useSeconds } from '../passing-time.ts'
import { isActive, type Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { ConnectionSign } from './connection.tsx'
import { TellMe } from './tell-me.tsx'
import { nextTheme } from './theme.ts'

interface TopBarProps {
  readonly shift: Shift
  readonly leave: () => void
  readonly help: () => void
  readonly office: () => void
}

export function TopBar({ shift, leave, help, office }: TopBarProps) {
  useTopic(shift.changes)
  const [theme, setTheme] = useState(kept.theme())
  const trips = [...shift.board.trips.values()]
  const active = trips.filter(isActive).length
  const units = [...shift.board.units.values()]
  const onDuty = units.filter(({ status }) => status !== 'off-duty')
  const free = onDuty.filter(({ status }) => status === 'available').length
  const alarms = [...shift.board.alarms.values()].filter(({ acknowledgedBy }) => acknowledgedBy === null).length
  return (
    <header class="top-bar">
      <span class="brand">{t.product}</span>
      <span class="region" title={shift.region}>
        {shift.info.name}
      </span>
      <RegionClock shift={shift} />
      <ConnectionSign shift={shift} />
      <dl class="counts">
        <Count name={t.frame.waiting} value={trips.length - active} isLoud={trips.length > active} />
        <Count name={t.frame.active} value={active} />
        <Count
          name={t.frame.free}
          value={free}
          more={t.frame.ofUnits(onDuty.length)}
          isLoud={onDuty.length > 0 && free === 0}
        />
        <Count name={t.frame.alarms} value={alarms} isLoud={alarms > 0} />
      </dl>
      <span class="room" />
      <button type="button" class="primary" onClick={() => shift.open({ is: 'call' })}>
        {t.frame.newCall} <kbd>N</kbd>
      </button>
      <button type="button" onClick={office}>
        {t.frame.office} <kbd>O</kbd>
      </button>
      <TellMe shift={shift} />
      <button type="button" onClick={help}>
        {t.frame.help} <kbd>?</kbd>
      </button>
      <button
        type="button"
        onClick={() => setTheme(nextTheme())}
        aria-label={t.frame.themeButton(t.frame.theme[theme])}
        title={t.frame.themeButton(t.frame.theme[theme])}
      >
        <span aria-hidden="true">◐</span>
      </button>
      <span class="user">{shift.user}</span>
      <button type="button" onClick={leave}>
        {t.frame.signOut}
      </button>
    </header>
  )
}

interface CountProps {
  readonly name: string
  readonly value: number
  readonly more?: string
  readonly isLoud?: boolean
}

const Count = ({ name, value, more, isLoud = false }: CountProps) => (
  <div class={isLoud ? 'count loud' : 'count'}>
    <dt>{name}</dt>
    <dd>
      {value}
      {more !== undefined && <small> {more}</small>}
    </dd>
  </div>
)

function RegionClock({ shift }: Pick<TopBarProps, 'shift'>) {
  useSeconds()
  const nowMs = shift.nowMs()
  const { timeZone } = shift.info
  return (
    <span class="clock" title={`${t.frame.clock}, ${timeZone}`}>
      <span class="quiet">{dayOf(nowMs, timeZone)}</span> <time class="figures">{timeOfDay(nowMs, timeZone)}</time>
    </span>
  )
}
