/** The map's place on the page, its buttons and its legend. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { CoverageBox } from './coverage-box.tsx'
import type { LiveMap } from './live-map.ts'
import { MapLegend } from './map-legend.tsx'

export function MapView({ shift }: { readonly shift: Shift }) {
  useTopic(shift.changes)
  useTopic(shift.choices)
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
    <section class={shift.isPlacing ? 'map placing' : 'map'} aria-label={t.frame.map}>
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
        <CoverageButton shift={shift} />
      </div>
      {shift.roads.background !== null && <small class="map-owner">{shift.roads.background.attribution}</small>}
      <MapLegend />
      <CoverageBox shift={shift} />
      {!isMissing && shift.roads.version === null && shift.board.position !== null && (
        <p class="map-note">{t.map.noRoads}</p>
      )}
    </section>
  )
}

function CoverageButton({ shift: { coverage } }: { readonly shift: Shift }) {
  useTopic(coverage.changes)
  return (
    <button type="button" aria-pressed={coverage.isOn} onClick={() => coverage.turn(!coverage.isOn)}>
      {t.desk.coverage.button} <kbd>C</kbd>
    </button>
  )
}
