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

// Roles for which the password is enough. Who holds any other role owes the code as well. Empty: everybody owes it.
var PASSWORD_ONLY_ROLES = []

// When people may sign in, as ['Mon-Fri 06:00-18:00', 'Sat 08:00-12:00']. Empty: at any time. The time is that of the
// node, read in this time zone.
var SIGN_IN_HOURS = []
var TIME_ZONE = 'UTC'
