/**
 * The catalogue of the node: pages for people, archives for a fetch. Public, since packages hold nothing secret. And the
 * further catalogues, for developers.
 */

import { archiveOf, type Catalogue, noSuchPackage } from '../../deploy/catalogue.ts'
import { addCatalogue, readCatalogues, removeCatalogue } from '../../deploy/catalogues.ts'
import type { PackageMeans } from '../../deploy/import-source.ts'
import { cataloguePage, packagePage } from '../pages.ts'
import { empty, Reply, type Route, route } from '../route.ts'
import { AnyObject, demandParameter, demandText, wantsPage } from './shapes.ts'

export const catalogueRoutes = (catalogue: Catalogue, means: PackageMeans): Route[] => [
  route({
    method: 'GET',
    path: '/packages',
    allow: 'anybody',
    summary: 'The packages that this node ships',
    handle: async (scope, { headers }) => {
      const entries = catalogue.list()
      if (wantsPage(headers)) return cataloguePage(scope.publicUrl(), entries)
      return entries.map(({ name, version, description, keywords, contentHash }) => ({
        name,
        version,
        description,
        keywords,
        url: `${scope.publicUrl()}/packages/${name}`,
        contentHash,
      }))
    },
  }),
  route({
    method: 'GET',
    path: '/packages/:name',
    allow: 'anybody',
    summary: 'A package: its page to a browser, its archive to a fetch',
    handle: async (scope, { params, headers }) => {
      const entry = catalogue.find(params.name!)
      if (entry === undefined) throw noSuchPackage(params.name!)
      if (wantsPage(headers)) return packagePage(scope.publicUrl(), entry)
      return new Reply(await archiveOf(entry.files, `${entry.name}/`), {
        headers: {
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="${entry.name}.zip"`,
          etag: `"${entry.contentHash}"`,
          vary: 'accept',
        },
      })
    },
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/catalogues',
    allow: 'developer',
    summary: 'All catalogues of this node and their packages',
    handle: (scope) => readCatalogues(scope, means, catalogue),
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/catalogues',
    allow: 'developer',
    summary: 'Add a catalogue by the address of its index; for administrators',
    body: AnyObject,
    handle: (scope, { body }) => addCatalogue(scope, means, demandText(body, 'url')),
  }),
  route({
    method: 'DELETE',
    path: '/admin/v/4/catalogues',
    allow: 'developer',
    summary: 'Take the catalogue with ?url= out of the list; for administrators',
    handle: async (scope, input) => {
      await removeCatalogue(scope, demandParameter(input, 'url'))
      return empty()
    },
  }),
]
