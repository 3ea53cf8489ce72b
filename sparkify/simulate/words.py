"""The vocabulary of the simulation: people, places, browsers, words for songs.

All people, artists and titles are invented. Early entries of some lists are used more
often; a change in here changes what a seed gives.
"""

from typing import NamedTuple

from sparkify.simulate.chance import Weighted


class Language(NamedTuple):
    """Words that make a phrase: one of the firsts, the link, one of the seconds."""

    link: str
    firsts: tuple[str, ...]
    seconds: tuple[str, ...]
    bands: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.strip().split("\n"))


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
YEARS = range(2010, 1955, -1)

WOMEN = _words("""
    Agneta Alouette Amabel Annika Araminta Beatrix Birgit Briony Calla Cecily Clementine
    Cordelia Dagny Delphine Dorothea Effie Elowen Esperanza Fenella Fern Floriane Freya
    Ginevra Greta Hedda Hestia Idony Ines Ingrid Iseult Jorun Junia Katinka Leocadia
    Lettice Linnea Lisbet Ludmila Mabel Marisol Marjolein Minna Morwenna Nell Odette
    Ottilie Petra Philippa Pomona Ramona Rosalind Roswitha Saskia Sidonie Solveig Tamsin
    Thora Ursula Verity Wilhelmina Winifred Xanthe Yolanda Yseult Zelda Zoë Renée Inês
    Łucja Aðalheiður
""")
MEN = _words("""
    Alaric Ambrose Anselm Archibald Barnaby Benedikt Bertrand Caspian Clovis Cormac
    Cosmo Crispin Darragh Desmond Edmund Egbert Emeric Ewan Fabrizio Falk Ferdinand
    Fergus Florian Gideon Gustav Hamish Hartwig Horatio Humphrey Ignatius Isidor Ivor
    Jasper Joaquim Kasimir Konrad Lambert Leopold Linus Lorcan Magnus Marius Montague
    Mungo Norbert Octavio Orlando Osric Ottokar Percival Quentin Ragnar Rafferty
    Roderick Rufus Sigurd Silvester Tancred Thaddeus Torquil Ulrich Valentin Wendell
    Wolfram Ximeno Yorick Zebedee José Jürgen Søren
""")
LAST_NAMES = _words("""
    Abernathy Alderwick Applegarth Ashdown Barrowclough Birdwhistle Blackthorne Boswell
    Brackenbury Bramblewood Cattermole Chanterelle Coldwater Copperfield Corbetta
    Crowhurst Dandridge Delacroix Dimmock Dovecote Drinkwater Dunmore Eastlake Eiderdown
    Elderfield Fairweather Falconbridge Featherstone Fernsby Fiddler Foxglove Gathercole
    Goldwater Greengrass Greywood Hallowell Hathersage Hawksworth Heatherington
    Hollingbourne Honeywell Inglewood Ironmonger Jessamine Kettlewell Kingfisher
    Langstroth Larkspur Lightfoot Lindqvist Lovelace Marchbanks Mayweather Merriweather
    Millstone Moonsamy Nightingale Norringham Oakenfold Oleander Ostrowski Pemberton
    Pennyfeather Pettigrew Quarrington Quill Ravenscroft Rainbird Rosewater Rutherglen
    Sandoval Saltmarsh Silverlock Skylark Snowdon Southgate Starling Stillwater Strand
    Swansdown Tamarind Thistlewood Thornbury Tidewater Trelawney Truelove Underhill
    Vandermeer Vellacott Wainscott Waxwing Weatherby Whitlock Wildgoose Winterbourne
    Wolfendale Woodruff Yarrow Yellowlees Zimmerwald Núñez Åberg Öztürk Lefèvre
    Kovačević Þórsdóttir Müller-Lüdenscheidt
""")

METROS = _lines("""
New York-Newark-Jersey City, NY-NJ-PA
Los Angeles-Long Beach-Anaheim, CA
Chicago-Naperville-Elgin, IL-IN-WI
Dallas-Fort Worth-Arlington, TX
Houston-The Woodlands-Sugar Land, TX
Washington-Arlington-Alexandria, DC-VA-MD-WV
Philadelphia-Camden-Wilmington, PA-NJ-DE-MD
Miami-Fort Lauderdale-West Palm Beach, FL
Atlanta-Sandy Springs-Roswell, GA
Boston-Cambridge-Newton, MA-NH
San Francisco-Oakland-Hayward, CA
Phoenix-Mesa-Scottsdale, AZ
Riverside-San Bernardino-Ontario, CA
Detroit-Warren-Dearborn, MI
Seattle-Tacoma-Bellevue, WA
Minneapolis-St. Paul-Bloomington, MN-WI
San Diego-Carlsbad, CA
Tampa-St. Petersburg-Clearwater, FL
Denver-Aurora-Lakewood, CO
St. Louis, MO-IL
Baltimore-Columbia-Towson, MD
Charlotte-Concord-Gastonia, NC-SC
Orlando-Kissimmee-Sanford, FL
San Antonio-New Braunfels, TX
Portland-Vancouver-Hillsboro, OR-WA
Pittsburgh, PA
Sacramento--Roseville--Arden-Arcade, CA
Cincinnati, OH-KY-IN
Las Vegas-Henderson-Paradise, NV
Kansas City, MO-KS
Austin-Round Rock, TX
Columbus, OH
Cleveland-Elyria, OH
Indianapolis-Carmel-Anderson, IN
San Jose-Sunnyvale-Santa Clara, CA
Nashville-Davidson--Murfreesboro--Franklin, TN
Virginia Beach-Norfolk-Newport News, VA-NC
Providence-Warwick, RI-MA
Milwaukee-Waukesha-West Allis, WI
Jacksonville, FL
Oklahoma City, OK
Memphis, TN-MS-AR
Raleigh, NC
Louisville/Jefferson County, KY-IN
Richmond, VA
New Orleans-Metairie, LA
Hartford-West Hartford-East Hartford, CT
Salt Lake City, UT
Birmingham-Hoover, AL
Buffalo-Cheektowaga-Niagara Falls, NY
Tucson, AZ
Urban Honolulu, HI
Tulsa, OK
Albuquerque, NM
Knoxville, TN
Boise City, ID
Madison, WI
Des Moines-West Des Moines, IA
Spokane-Spokane Valley, WA
Anchorage, AK
Fargo, ND-MN
Burlington-South Burlington, VT
""")

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X)"
_ANDROID = "Mozilla/5.0 (Linux; Android 8.0.0; SM-G950U)"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0"

USER_AGENTS = (
    f"{_WINDOWS}) {_WEBKIT} Chrome/70.0.3538.77 Safari/537.36",
    f"{_MAC}_14_0) {_WEBKIT} Chrome/70.0.3538.77 Safari/537.36",
    f"{_MAC}_14_1) {_SAFARI}.1 Safari/605.1.15",
    f"{_WINDOWS}; rv:63.0) Gecko/20100101 Firefox/63.0",
    f"Mozilla/5.0 (Windows NT 6.1) {_WEBKIT} Chrome/69.0.3497.100 Safari/537.36",
    f"{_IPHONE} {_SAFARI} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Chrome/70.0.3538.67 Safari/537.36",
    f"{_ANDROID} {_WEBKIT} Chrome/70.0.3538.64 Mobile Safari/537.36",
    f"{_MAC}.14; rv:63.0) Gecko/20100101 Firefox/63.0",
    f"{_WINDOWS}) {_WEBKIT} Chrome/64.0.3282.140 Safari/537.36 Edge/17.17134",
    f"{_MAC}_13_6) {_SAFARI} Safari/605.1.15",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:63.0) Gecko/20100101 Firefox/63.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
)

PLACES: tuple[tuple[str, float, float], ...] = (
    ("Aberdeen, Scotland", 57.14965, -2.09428),
    ("Accra, Ghana", 5.60372, -0.18696),
    ("Antwerp, Belgium", 51.21945, 4.40246),
    ("Asheville, NC", 35.59506, -82.55149),
    ("Bergen, Norway", 60.39299, 5.32415),
    ("Boulder, CO", 40.01499, -105.27055),
    ("Bristol, England", 51.45451, -2.58791),
    ("Buenos Aires, Argentina", -34.60372, -58.38159),
    ("Dakar, Senegal", 14.71668, -17.46769),
    ("Duluth, MN", 46.78667, -92.10049),
    ("Galway, Ireland", 53.27067, -9.05679),
    ("Halifax, Nova Scotia", 44.64876, -63.57524),
    ("Kraków, Poland", 50.06465, 19.94498),
    ("Kyoto, Japan", 35.01156, 135.76815),
    ("Lisbon, Portugal", 38.72225, -9.13934),
    ("Lyon, France", 45.76404, 4.83566),
    ("Málaga, Spain", 36.72127, -4.42139),
    ("Malmö, Sweden", 55.60498, 13.00382),
    ("Melbourne, Australia", -37.8136, 144.96306),
    ("Mérida, Mexico", 20.96737, -89.59259),
    ("Montréal, QC", 45.50169, -73.56726),
    ("Nebraska", 41.49254, -99.90181),
    ("Porto Alegre, Brazil", -30.03465, -51.21766),
    ("Reykjavík, Iceland", 64.14661, -21.94236),
    ("Santa Fe, NM", 35.68698, -105.9378),
    ("Taipei, Taiwan", 25.03297, 121.56542),
    ("Trieste, Italy", 45.64953, 13.77681),
    ("Vancouver / Victoria, BC", 48.42842, -123.36564),
    ("Vermont & New Hampshire", 43.70248, -72.28862),
    ("Zürich, Switzerland", 47.37689, 8.54169),
)

# The first forms are used most.
TITLE_FORMS = _lines("""
{}
{}
{}
{}
{}
{}
{}
{}
{} (Album Version)
{} (Live)
{} [Radio Edit]
The {}
My {}
{} Part 2
{} / Reprise
Back To {}
{} (2004 Digital Remaster)
"{}"
{} ...Again
One More {}?
{} #9
""")

_LATIN_BANDS = ("{}", "{}", "{} Trio", "Orchestra {}")

_ENGLISH = Language(
    link=" ",
    firsts=_words("""
        Amber Anxious Backyard Borrowed Brass Broken Burning Careless Clockwork Copper
        Crooked Dancing Distant Dusty Electric Empty Endless Faded Feathered Flooded
        Forgotten Frozen Gentle Giant Gilded Glass Golden Hidden Hollow Honest Hungry
        Idle Jealous Kinder Lazy Little Lonesome Lucky Magnetic Marble Midnight Mossy
        Northern Paper Patient Plastic Polite Quiet Reckless Restless Rusty Salted
        Secret Seventh Silent Sleeping Slow Southern Spinning Stubborn Sudden Sunken
        Tangled Tender Tilted Tin Twisted Unwritten Upstairs Velvet Wandering Whispering
        Wooden Yesterday's
    """),
    seconds=_words("""
        Accordion Almanac Anchor Antenna Avalanche Bannister Balloon Bicycle Blanket
        Bonfire Boulevard Calendar Candle Carousel Cathedral Chimney Comet Cartwheel
        Corridor Cradle Daydream Doorbell Elevator Engine Envelope Escalator Fountain
        Gazebo Gatehouse Gramophone Gondola Harbour Harmonica Horizon Hurricane Island
        Kingdom Ladder Lantern Lemonade Lighthouse Lampshade Machine Magnolia Mailbox
        Meadow Mirror Monsoon Mooring Neighbour Orchard Parachute Passenger Pendulum
        Piano Postcard Radio Railway River Satellite Shadow Signal Skeleton Staircase
        Suitcase Summer Telephone Thimble Timetable Tornado Umbrella Violin Waterfall
        Weathervane Window
    """),
    bands=("{}", "{}", "The {}s", "The {}s", "{} & Sons", "DJ {}", "{}/Echo"),
)
_SPANISH = Language(
    " de ",
    _words("Canción Corazón Jardín Camión Noche Balcón Sueño Río Ratón Baile Cajón"),
    _words("sal otoño cristal mañana papel montaña limón algodón nadie niños"),
    ("Los del {}", *_LATIN_BANDS),
)
_PORTUGUESE = Language(
    " de ",
    _words("Saudade Coração Canção Maré Lua Chuva Estação Avião Balão"),
    _words("açúcar verão ninguém algodão vidro manhã Março papelão"),
    _LATIN_BANDS,
)
_FRENCH = Language(
    " sans ",
    _words("Forêt Été Fenêtre Chanson Rivière Hôtel Île Allée Café Musée"),
    _words("mémoire étoiles fin garçon sucre adieu clé réponse lumière"),
    _LATIN_BANDS,
)
_GERMAN = Language(
    " und ",
    _words("Mond Käfer Schlüssel Träume Nebel Brücke Flöte Gemüse Löwe"),
    _words("Straße Glück Feuer Müdigkeit Lärm Honig Übermut Bücher"),
    ("{}", "Kapelle {}", "{} Ensemble"),
)
_NORDIC = Language(
    " och ",
    _words("Björnbär Snö Månsken Älgar Fjärilar Ljus Dimma Tåg Sjö"),
    _words("åska längtan höst smör drömmar vågor näckrosor"),
    ("{}", "{}", "Sällskapet {}"),
)
_RUSSIAN = Language(
    " и ",
    _words("Снег Чайник Облако Трамвай Ветер Фонарь"),
    _words("тишина дорога апрель варенье окно река"),
    ("{}", "Ансамбль {}"),
)
_JAPANESE = Language(
    "の",
    _words("雨 星 夜明け 金魚 電車 灯台"),
    _words("手紙 ワルツ 約束 地図 ラジオ 庭"),
    ("{}", "{}楽団"),
)
_CHINESE = Language(
    "與",
    _words("月光 茶館 雲海 紙鶴 舊夢"),
    _words("島嶼 晚風 火車 琴聲 鯨魚"),
    ("{}", "{}樂隊"),
)
_EMOJI = Language(
    " ",
    _words("Hello Oh Summer Pizza Dance"),
    _words("🎧 🌙✨ 🐙 ❤️ 🎹🎶"),
    ("{}", "DJ {}"),
)

LANGUAGES = Weighted(
    (
        _ENGLISH,
        _SPANISH,
        _PORTUGUESE,
        _FRENCH,
        _GERMAN,
        _NORDIC,
        _RUSSIAN,
        _JAPANESE,
        _CHINESE,
        _EMOJI,
    ),
    (2000, 16, 10, 13, 10, 9, 8, 7, 6, 6),
)
