/** What the marks of the map mean: the statuses of units, and what stands still. */
import { UNIT_STATUSES } from '../../client/index.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { StatusMark } from './status-mark.tsx'

export const MapLegend = () => (
  <details class="legend">
    <summary>{t.map.legend}</summary>
    <ul>
      {UNIT_STATUSES.filter(status => status !== 'off-duty').map(status => (
        <li key={status}>
          <StatusMark status={status} /> {word('status', status)}
        </li>
      ))}
      <li>
        <span class="key-mark trip-mark">1</span> {t.desk.map.trip}
      </li>
      <li>
        <span class="key-mark trip-mark waits">1</span> {t.desk.map.waits}
      </li>
      <li>
        <span class="key-mark hospital-mark full">H</span> {t.desk.map.emergency}
      </li>
      <li>
        <span class="key-mark hospital-mark">H</span> {t.desk.map.hospital}
      </li>
      {(['divert', 'closed'] as const).map(status => (
        <li key={status}>
          <span class={`key-mark hospital-mark ${status}`}>H</span> {t.desk.map.hospital}, {word('hospital', status)}
        </li>
      ))}
      <li>
        <span class="key-mark station-mark">S</span> {t.desk.map.station}
      </li>
    </ul>
  </details>
)
