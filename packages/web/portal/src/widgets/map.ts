/**
 * GOOGLE_MAP_WIDGET_COMPONENT: markers where they are, without a key of anybody. Tiles are shown where the widget names an
 * address of some; without one the markers stand in a net of degrees.
 */
import {
  circleMarker,
  type LatLngBounds,
  type Map as LeafletMap,
  latLngBounds,
  layerGroup,
  map as makeMap,
  polyline,
  tileLayer,
} from 'leaflet'
import 'leaflet/dist/leaflet.css'
import { element as make } from '../frame/dom.ts'
import { fields, number, shown, text } from '../model/fields.ts'
import { dataSetting, rowsIn } from './shared.ts'
import type { WidgetKind } from './widget.ts'

type Marker = { lat: number; lng: number; label: string; item: unknown }

function markersIn(value: unknown): Marker[] {
  return rowsIn(value).flatMap((row) => {
    const place = typeof row.position === 'object' ? fields(row.position) : row
    const lat = number(place.lat ?? place.latitude, Number.NaN)
    const lng = number(place.lng ?? place.lon ?? place.long ?? place.longitude, Number.NaN)
    const isPlace = Math.abs(lat) <= 90 && Math.abs(lng) <= 180
    return isPlace ? [{ lat, lng, label: shown(row.label ?? row.title ?? row.name), item: row }] : []
  })
}

export const mapWidget: WidgetKind = {
  drawn: true,
  show({ element, settings, style, colours, read, give, whenGone }) {
    const place = make('div', { class: 'gh-canvas' })
    element.append(place)
    const own = makeMap(place, { center: [20, 0], zoom: 1, worldCopyJump: true, attributionControl: true })
    own.attributionControl.setPrefix(false)
    const tiles = text(settings.tileUrl)
    if (/^https:\/\//.test(tiles)) tileLayer(tiles, { attribution: text(settings.tileAttribution) }).addTo(own)
    else addDegrees(own)
    const markers = layerGroup().addTo(own)
    let bounds: LatLngBounds | undefined
    // Where it has no size yet there is nothing to fit into; its first one comes with the observer.
    const fit = (): void => {
      if (bounds !== undefined && own.getSize().x > 0)
        own.fitBounds(bounds, { maxZoom: 8, padding: [24, 24], animate: false })
    }
    const observer = new ResizeObserver(() => {
      own.invalidateSize()
      fit()
    })
    observer.observe(place)
    whenGone(() => {
      observer.disconnect()
      own.remove()
    })
    let seen = ''
    read(dataSetting(settings, 'markers', 'mapData', 'locations', 'data'), (value) => {
      const found = markersIn(value)
      markers.clearLayers()
      for (const { lat, lng, label, item } of found) {
        const marker = circleMarker([lat, lng], { radius: 8, color: text(style.markerColor, colours[0]) })
        if (label !== '') marker.bindTooltip(make('span', { text: label }))
        marker.on('click', () => void give('eventTarget', item))
        markers.addLayer(marker)
      }
      // The view is the person's once it was set, until there are other places.
      const places = JSON.stringify(found.map(({ lat, lng }) => [lat, lng]))
      if (found.length === 0 || places === seen) return
      seen = places
      bounds = latLngBounds(found.map(({ lat, lng }) => [lat, lng]))
      fit()
    })
  },
}

function addDegrees(own: LeafletMap): void {
  const line = (points: [number, number][]) =>
    polyline(points, { color: '#b9c3cc', weight: 1, interactive: false }).addTo(own)
  for (let lng = -180; lng <= 180; lng += 15)
    line([
      [-85, lng],
      [85, lng],
    ])
  for (let lat = -75; lat <= 75; lat += 15)
    line([
      [lat, -180],
      [lat, 180],
    ])
}
