"""All live routes: those of each feature, plotly.js and the modules. GET and read-only, see ``race/routes.py``.

GET /live/history, /live/stream     races, see race/routes.py
GET /live/recording                 a stored race for a replay, see race/routes.py
GET /live/export                    runs as a file, see race/export_routes.py
GET /live/instant/stream            instant races, see race/instant/routes.py
GET /live/recorded-curves.json      what plays on the first visit, see race/routes.py
GET /live/recorded-picture-SCHEME.png  its picture, see race/routes.py
GET /live/probes/...                insides of the nets, see layers/routes.py
GET /live/lab...                    labs, see labs/routes.py
GET /live/talk/...                  recorded races of a talk, and its room, see talk/routes.py
GET /live/plotly-VERSION.js         plotly.js in three sizes, from here: a talk needs no network
GET /live/js/VERSION/NAME.js        the modules of the streaming components
"""

from starlette.routing import Route

from app.live.labs.routes import lab_routes
from app.live.layers.routes import probe_routes
from app.live.race.export_routes import export_routes
from app.live.race.instant.routes import instant_routes
from app.live.race.routes import race_routes
from app.live.stream.feed import Feed
from app.live.stream.plotly_js import plotly_js
from app.live.stream.scripts import script
from app.live.talk.routes import talk_routes


def routes(feed: Feed) -> list[Route]:
    """Return the routes of the live page, fed by ``feed``."""
    return [
        *race_routes(feed),
        *export_routes(),
        *instant_routes(feed),
        *probe_routes(feed),
        *lab_routes(feed),
        *talk_routes(feed),
        Route("/live/plotly-{version}.js", plotly_js, methods=["GET"]),
        Route("/live/js/{version}/{name:path}.js", script, methods=["GET"]),
    ]
