/**
 * The page of an edge on its own state, at its own port, for accounts that were made at the edge. The token travels in a
 * header of its own, which no page of elsewhere may send (it is none of those that CORS names).
 */
import type { Means, NodeScope } from '../domain/access/scope.ts'
import { demandEdgeAccount, signInAtEdge, signOutAtEdge } from '../domain/auth/edge-account-sign-in.ts'
import { systemByKey } from '../domain/systems/systems.ts'
import type { EdgeLink } from '../edge/edge-link.ts'
import { ownState } from '../edge/own-state.ts'
import { escaped, html, page } from './pages.ts'
import { portalLink } from './portal-links.ts'
import type { PortalSites } from './portal-sites.ts'
import { empty, type Reply, type Route, type RouteInput, route } from './route.ts'
import { opensToAnybody } from './routes/portals.ts'
import { AnyObject } from './routes/shapes.ts'

export const edgeTokenHeader = 'gatehouse-edge-token'

const tokenIn = ({ headers }: RouteInput<unknown>): string | undefined => {
  const value = headers[edgeTokenHeader]
  return typeof value === 'string' && value.length <= 200 ? value : undefined
}

export const edgePageRoutes = (means: Means, link: EdgeLink, version: string, sites: PortalSites): Route[] => [
  route({
    method: 'GET',
    path: '/edge',
    allow: 'anybody',
    summary: 'The page of this edge on its own state; an account of the edge signs in there',
    handle: async () => statePage(link.place),
  }),
  route({
    method: 'POST',
    path: '/edge/sign-in',
    allow: 'anybody',
    summary: 'Sign in with an account of this edge: {name, password}. The answer holds a token for its state alone',
    body: AnyObject,
    handle: (scope, { body }) => signInAtEdge(scope, { name: body.name, password: body.password }),
  }),
  route({
    method: 'POST',
    path: '/edge/sign-out',
    allow: 'anybody',
    summary: 'End the session of an account of this edge',
    handle: async (scope, input) => {
      await signOutAtEdge(scope, tokenIn(input))
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: '/edge/state',
    allow: 'anybody',
    summary:
      'Link, lanes, what waits to go up, what is deployed here, and the clock; with the token in Gatehouse-Edge-Token',
    handle: async (scope, input) => {
      const account = await demandEdgeAccount(scope, tokenIn(input))
      const state = await ownState(means, link, version)
      return { account, ...state, portals: await portalsHere(scope, link.place.system, state.holds.portals, sites) }
    },
  }),
]

/** With their links, which are good at this edge and nowhere else: whoever has one is a client of the system, and no more. */
async function portalsHere(scope: NodeScope, systemKey: string, names: readonly string[], sites: PortalSites) {
  const system = await systemByKey(scope, systemKey)
  if (system === undefined) return []
  const within = { ...scope, system, data: scope.store.forSystem(systemKey) }
  const found = []
  for (const name of names) {
    const anonymous = await opensToAnybody(within, name)
    found.push({ name, url: portalLink(scope.key, sites, system, { name, anonymous }) })
  }
  return found
}

/** Draws by text alone: names come from a platform, and still nothing of them is read as HTML. */
const script = `const $=id=>document.getElementById(id),kept='gatehouse.edge';let timer;
const time=ms=>ms===null?'–':new Date(ms).toLocaleString();
const span=ms=>ms===null?'not known':Math.abs(ms)<2000?'as the platform':Math.round(Math.abs(ms)/1000)+' s '+(ms>0?'behind':'ahead');
const call=async(path,options={})=>{const response=await fetch(path,{...options,headers:{'Gatehouse-Edge-Token':sessionStorage.getItem(kept)??''}});
const text=await response.text();let body;try{body=JSON.parse(text)}catch{}
if(!response.ok)throw Object.assign(new Error(body?.error?.detail??'The edge answered '+response.status+'.'),{status:response.status});return body};
const put=(id,rows)=>{$(id).replaceChildren(...rows.flatMap(([name,value])=>{const dt=document.createElement('dt'),dd=document.createElement('dd');dt.textContent=name;dd.textContent=value;return[dt,dd]}))};
const show=isIn=>{$('door').hidden=isIn;$('state').hidden=!isIn};
const words={connected:'connected',away:'away from its platform',refused:'refused by its platform'};
function draw(s){$('link').textContent=words[s.link.state]??s.link.state;$('link').className=s.link.state;$('problem').textContent=s.link.problem;$('problem').hidden=s.link.problem==='';
put('facts',[['Since',time(s.link.since||null)],['Platform',s.platform],['System',(s.system_name?s.system_name+' · ':'')+s.system],['Version',s.version],['Account',s.account]]);
const up=s.going_up;put('up',[['Sign-ins and what ended',up===null?'not known before the first link':String(up.facts)],['Rows',up===null?'not known before the first link':up.rows>=1000?'1000 or more':String(up.rows)]]);
put('lanes',Object.entries(s.lanes).map(([name,l])=>[name,(l.whole?'first sync done':'first sync under way')+(l.written===null?'':', last change '+time(l.written))+(l.stopped===''?'':', stopped: '+l.stopped)]));
put('aside',s.set_aside.map(one=>[one.what,one.reason+' '+time(one.at)]));$('asideHead').hidden=s.set_aside.length===0;
const h=s.holds,list=a=>a.length?a.join(', '):'none';
put('holds',[['Sign-in',h.sign_in||'by password'],['Users',h.users+', as of '+time(s.users_as_of)],['Collections',list(h.collections.map(c=>c.name+' ('+c.rows+')'))],['Services',list(h.services)],['Libraries',list(h.libraries)]]);
$('portals').replaceChildren(...s.portals.map(({name,url})=>{const li=document.createElement('li'),a=document.createElement('a');a.textContent=name;a.href=url;a.rel='noreferrer';li.append(a);return li}));$('no-portals').hidden=s.portals.length>0;
put('clock',[['This edge',time(s.clock.now)],['Against the platform',span(s.clock.platform_ahead_ms)],['Measured',time(s.clock.measured)],...(s.clock.doubt===''?[]:[['In doubt',s.clock.doubt]])]);show(true)}
async function look(){clearTimeout(timer);try{draw(await call('/edge/state'));$('stale').hidden=true;timer=setTimeout(look,3000)}
catch(error){if(error.status===401){sessionStorage.removeItem(kept);show(false)}else{$('stale').hidden=false;timer=setTimeout(look,3000)}}}
$('door').addEventListener('submit',async event=>{event.preventDefault();$('answer').textContent='One moment …';
try{const made=await call('/edge/sign-in',{method:'POST',body:JSON.stringify(Object.fromEntries(new FormData($('door'))))});
sessionStorage.setItem(kept,made.token);$('door').reset();$('answer').textContent='';await look()}catch(error){$('answer').textContent=error.message}});
$('out').addEventListener('click',async()=>{clearTimeout(timer);try{await call('/edge/sign-out',{method:'POST'})}finally{sessionStorage.removeItem(kept);show(false)}});
if(sessionStorage.getItem(kept))look();else show(false)`

const style = `<style>a{color:inherit}dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.3em 1em;margin:.5em 0 1.5em}dt{opacity:.75}dd{margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:1.2em 0 .2em}#link{font-weight:700}#link.connected{color:#0b6e4f}#link.away{color:#8a4b00}#link.refused{color:#a61b1b}
.bad{background:#fbe3e3;color:#7a1010;padding:.6em .8em;border-radius:4px}[hidden]{display:none!important}
@media (prefers-color-scheme:dark){#link.connected{color:#63e6be}#link.away{color:#ffc078}#link.refused{color:#ff8787}.bad{background:#4a1717;color:#ffd8d8}}</style>`

/** Says nothing but the name before somebody has signed in. */
export function statePage({ name, insecure }: { name: string; insecure: boolean }): Reply {
  const warning = insecure
    ? '<p class="bad" role="alert"><b>Insecure:</b> this edge reaches its platform without https (<code>--insecure</code>).</p>'
    : ''
  const body = `${style}<h1>Edge ${escaped(name)}</h1>${warning}
<form id="door" hidden><p>Accounts are made on the machine of the edge: <code>gatehouse edge account add NAME --data FOLDER</code></p>
<label for="name">Name</label><input id="name" name="name" required autocomplete="username">
<label for="password">Password</label><input id="password" name="password" type="password" required autocomplete="current-password">
<button>Sign in</button><p id="answer" role="status"></p></form>
<main id="state" hidden><p class="bad" id="stale" role="status" hidden>The edge does not answer at this moment; asking again.</p>
<p>The link is <span id="link"></span>.</p><p class="bad" id="problem" hidden></p><dl id="facts"></dl>
<h2>In step with the platform</h2><dl id="lanes"></dl><h2 id="asideHead" hidden>Could not be written here</h2><dl id="aside"></dl><h2>Waits for the platform</h2><dl id="up"></dl><h2>Deployed here</h2><dl id="holds"></dl>
<h2>Portals</h2><p id="no-portals">none</p><ul id="portals"></ul>
<h2>Clock</h2><dl id="clock"></dl><button id="out" type="button">Sign out</button></main><script>${script}</script>`
  return html(page(`Edge ${escaped(name)}`, body), script)
}
