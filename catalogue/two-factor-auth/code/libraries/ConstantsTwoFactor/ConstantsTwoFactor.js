// What a developer sets. Every value may stay as it is while you try things out in development.

// The address of this platform as people know it. Empty: the one that the node gives itself.
var PLATFORM_URL = ''

// A Twilio account for the messages: its Account SID, its Auth Token (or secret:NAME, a secret of the system), and the
// number that messages come from. All three empty: the providers that the system has. In development every message goes
// to the system's inbox, whatever stands here.
var TWILIO_KEY = ''
var TWILIO_SECRET = ''
var TWILIO_SOURCE_NUMBER = ''

// The text of the message. {code} is where the code goes; without it, the code goes to the end.
var SMS_MESSAGE = 'Your code is {code}'

// Which second factor is asked for where the client names none, in this order, as ['phone', 'totp']: the next one where the
// user has none of the one before, or no code could be sent to it. Empty: a passkey, else the authenticator app, else the
// phone.
var SECOND_FACTORS = []

// Roles for which the password is enough. Who holds any other role owes the code as well. Empty: everybody owes it.
var PASSWORD_ONLY_ROLES = []

// When people may sign in, as ['Mon-Fri 06:00-18:00', 'Sat 08:00-12:00']. Empty: at any time. The time is that of the
// node, read in this time zone.
var SIGN_IN_HOURS = []
var TIME_ZONE = 'UTC'

// Networks from which the password is enough, as ['10.1.0.0/16', 'fd00:12::/32']. What counts is the address that the
// node saw, or a proxy that its operator trusts. Empty: everybody owes the code, wherever he is.
var TRUSTED_NETWORKS = []

// Where people may sign in, as {latitude: 52.52, longitude: 13.4, radius_km: 5}; the client says where it is, in
// "position". null: anywhere. It keeps honest people to a place; whoever knows the rule can claim to be there.
var SIGN_IN_AREA = null

// Countries from which people may sign in, as ['DE', 'AT']: that of the address that the node saw, by a file that its
// operator brings (--geoip). An address of TRUSTED_NETWORKS needs none, any other whose country is not known is refused.
// Empty: anywhere.
var COUNTRIES = []

// Whether people may ask to be remembered on a device, and for how many days (1 to 90) the password is then enough on it.
// Such a session shows that it was let in so, and changes no second factor.
var REMEMBERED_DEVICES = false
var REMEMBER_DAYS = 30
