/** The catalogue of the node: pages for people, archives for a fetch. Public, since packages hold nothing secret. */
import { archiveOf, type Catalogue, noSuchPackage } from '../../deploy/catalogue.ts'
import { cataloguePage, packagePage } from '../pages.ts'
import { Reply, type Route, route } from '../route.ts'

const wantsPage = (headers: Record<string, string | string[] | undefined>): boolean =>
  String(headers.accept ?? '').includes('text/html')

export const catalogueRoutes = (catalogue: Catalogue): Route[] => [
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
]
