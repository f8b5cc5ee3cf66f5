/** The map's place on the page, its buttons and its legend. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { UNIT_STATUSES } from '../../client/index.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import type { LiveMap } from './live-map.ts'
import { StatusMark } from './status-mark.tsx'

export function MapView({ shift }: { readonly shift: Shift }) {
  useTopic(shift.changes)
  const container = useRef<HTMLDivElement>(null)
  const map = useRef<LiveMap | null>(null)
  const [isMissing, setMissing] = useState(false)
  useEffect(() => {
    let isWanted = true
    void import('./live-map.ts').then(({ LiveMap: Made }) => {
      if (!isWanted) return
      try {
        map.current = new Made(container.current!, shift)
      } catch (error) {
        console.warn('map:', error)
        setMissing(true)
      }
    })
    return () => {
      isWanted = false
      map.current?.destroy()
      map.current = null
    }
  }, [shift])
  return (
    <section class={shift.panel.is === 'call' ? 'map placing' : 'map'} aria-label={t.frame.map}>
      <div class="map-canvas" ref={container} />
      {isMissing && (
        <p class="map-missing" role="status">
          {t.map.noWebGl}
        </p>
      )}
      <div class="map-buttons">
        <button type="button" aria-label={t.map.zoomIn} onClick={() => map.current?.zoom(1)}>
          +
        </button>
        <button type="button" aria-label={t.map.zoomOut} onClick={() => map.current?.zoom(-1)}>
          −
        </button>
        <button type="button" class="fit" onClick={() => map.current?.fit()}>
          {t.map.fit}
        </button>
      </div>
      <details class="legend">
        <summary>{t.map.legend}</summary>
        <ul>
          {UNIT_STATUSES.filter(status => status !== 'off-duty').map(status => (
            <li key={status}>
              <StatusMark status={status} /> {word('status', status)}
            </li>
          ))}
        </ul>
      </details>
      {!isMissing && shift.roads.version === null && shift.board.position !== null && (
        <p class="map-note">{t.map.noRoads}</p>
      )}
    </section>
  )
}
