# Builds a static binary and puts it, with nothing else but root certificates,
# into an image of its own: docker build -t kakehashi . && docker run --rm kakehashi ask "…"
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/kakehashi ./cmd/kakehashi

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/kakehashi /kakehashi
USER 65532:65532
ENTRYPOINT ["/kakehashi"]
